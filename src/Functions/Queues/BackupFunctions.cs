using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Storage;

namespace Yggdrasil.Functions.Queues;

/// <summary>Looks after runs whose requests may not have lived to end them. The app alone writes to these queues.</summary>
public sealed partial class BackupFunctions(RunBackups backups, ILogger<BackupFunctions> logger)
{
    [Function(nameof(LookAfterRun))]
    public Task LookAfterRun(
        [QueueTrigger(RunBackups.Queue)] QueueMessage message, [DurableClient] DurableTaskClient client, FunctionContext context) =>
        LookAsync(message, context);

    /// <summary>The same for what could not even be put off: the host delivers such a message until it is done with.</summary>
    [Function(nameof(LookAfterRunAgain))]
    public Task LookAfterRunAgain(
        [QueueTrigger(RunBackups.Poison)] QueueMessage message, [DurableClient] DurableTaskClient client, FunctionContext context) =>
        LookAsync(message, context);

    private async Task LookAsync(QueueMessage message, FunctionContext context)
    {
        if (RunBackup.TryParse(QueueText.Decode(message.Body)) is not { } backup)
        {
            LogUnknown(message.MessageId);
            return;
        }

        try
        {
            await backups.LookAsync(backup, context.CancellationToken);
        }
        catch (Exception failure)
        {
            // The host logs what a function throws, in full.
            var errorId = Ids.NewError();
            LogFailed(backup.RunId, message.DequeueCount, errorId, failure.GetType().FullName);
            LogDetails(failure, errorId);
            throw new BackupFailedException(errorId);
        }
    }

    [LoggerMessage(3082, LogLevel.Warning, "Queue message {MessageId} is none of ours and was dropped")]
    private partial void LogUnknown(string messageId);

    [LoggerMessage(3083, LogLevel.Error, "Run {RunId} could not be looked after in delivery {Attempt} of its message: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string runId, long attempt, string errorId, string? exceptionType);

    [LoggerMessage(3084, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}

/// <summary>What the host may know and log of such a failure: an id that leads an operator to the details.</summary>
public sealed class BackupFailedException(string errorId) : Exception($"The run could not be looked after ({errorId}).");
