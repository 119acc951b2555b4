using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Foundation;
using Yggdrasil.Storage;
using Yggdrasil.Work.Prompts;

namespace Yggdrasil.Functions.Queues;

/// <summary>Prompts that come through a queue. Whoever may write to it is trusted to name the user.</summary>
public sealed partial class PromptFunctions(PromptIntake intake, ILogger<PromptFunctions> logger)
{
    /// <summary>Starts the run of a prompt. What fails here is delivered again, three times in all (host.json).</summary>
    [Function(nameof(AcceptPrompt))]
    public Task AcceptPrompt(
        [QueueTrigger(PromptQueues.Prompts)] QueueMessage message, [DurableClient] DurableTaskClient client, FunctionContext context) =>
        GuardAsync(message, parsed => intake.AcceptAsync(parsed, Delivery(message), context.CancellationToken), context);

    /// <summary>Records a prompt whose attempts are used up.</summary>
    [Function(nameof(RecordPoison))]
    public Task RecordPoison([QueueTrigger(PromptQueues.Poison)] QueueMessage message, FunctionContext context) =>
        GuardAsync(message, parsed => intake.GiveUpAsync(parsed, Delivery(message), context.CancellationToken), context);

    private async Task GuardAsync(QueueMessage message, Func<PromptMessage, Task> handle, FunctionContext context)
    {
        try
        {
            try
            {
                await handle(PromptRequest.Parse(QueueText.Decode(message.Body)));
            }
            catch (PromptRejectedException none)
            {
                await intake.RejectAsync(none.Rejection, Delivery(message), context.CancellationToken);
            }
        }
        catch (Exception failure)
        {
            // The host logs what a function throws, in full.
            var errorId = Ids.NewError();
            LogFailed(message.MessageId, message.DequeueCount, errorId, failure.GetType().FullName);
            LogDetails(failure, errorId);
            throw new PromptFailedException(errorId);
        }
    }

    private static PromptDelivery Delivery(QueueMessage message) =>
        new(message.MessageId, message.InsertedOn ?? default, message.DequeueCount, QueueText.Decode(message.Body));

    [LoggerMessage(3080, LogLevel.Error, "Queue message {MessageId}, attempt {Attempt}, could not be handled: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string messageId, long attempt, string errorId, string? exceptionType);

    [LoggerMessage(3081, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
