using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Notifications.Callbacks;

namespace Yggdrasil.Functions.Durable;

public sealed record SendCallbackInput(string Partition, string Row, string MessageId, int Attempt);

/// <summary>The step of <see cref="CallbackOrchestrator"/>. It throws <see cref="SliceFailedException"/> and nothing else.</summary>
public sealed partial class CallbackActivities(CallbackSender sender, ILogger<CallbackActivities> logger)
{
    [Function(nameof(SendCallback))]
    public async Task<CallbackOutcome> SendCallback([ActivityTrigger] SendCallbackInput input, FunctionContext context)
    {
        try
        {
            return await sender.AttemptAsync(
                new CallbackTicket(input.Partition, input.Row, input.MessageId), input.Attempt, context.CancellationToken);
        }
        catch (Exception failure)
        {
            var errorId = Ids.NewError();
            LogFailed(input.MessageId, errorId, failure.GetType().FullName);
            LogDetails(failure, errorId);
            throw new SliceFailedException(errorId);
        }
    }

    [LoggerMessage(3012, LogLevel.Error, "An attempt at callback {MessageId} could not be made: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string messageId, string errorId, string? exceptionType);

    [LoggerMessage(3013, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
