using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Operations.Reprotection;

namespace Yggdrasil.Functions.Timers;

/// <summary>Moves stored content to the newest key after a rotation. Costs nothing while there is one key only.</summary>
public sealed partial class ReprotectContent(ContentReprotection reprotection, ILogger<ReprotectContent> logger)
{
    /// <summary>
    /// When to look whether there is something to do; how often it is done is <c>Reprotection__Hours</c>. A setting
    /// here (<c>%…%</c>) has no default: an app without it would not start.
    /// </summary>
    public const string Schedule = "0 */15 * * * *";

    [Function(nameof(ReprotectContent))]
    public Task RunAsync([TimerTrigger(Schedule)] TimerInfo timer, FunctionContext context) =>
        TimerGuard.RunAsync(reprotection.RunAsync, LogFailed, LogDetails, context.CancellationToken);

    [LoggerMessage(3020, LogLevel.Error, "Re-protection failed and goes on at the next occurrence: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string errorId, string? exceptionType);

    [LoggerMessage(3021, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
