using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Operations.Retention;

namespace Yggdrasil.Functions.Timers;

/// <summary>Removes conversations and runs that have expired, and completes deletions that were cut short.</summary>
public sealed partial class RemoveExpired(RetentionSweep sweep, ILogger<RemoveExpired> logger)
{
    /// <summary>Eleven minutes after the full quarter: not at the same time as the other timers.</summary>
    public const string Schedule = "0 11/15 * * * *";

    [Function(nameof(RemoveExpired))]
    public Task RunAsync([TimerTrigger(Schedule)] TimerInfo timer, [DurableClient] DurableTaskClient client, FunctionContext context) =>
        TimerGuard.RunAsync(sweep.RunAsync, LogFailed, LogDetails, context.CancellationToken);

    [LoggerMessage(3040, LogLevel.Error, "Removing what has expired failed and goes on at the next occurrence: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string errorId, string? exceptionType);

    [LoggerMessage(3041, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
