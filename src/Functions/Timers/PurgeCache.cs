using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Models.Cache;

namespace Yggdrasil.Functions.Timers;

/// <summary>Removes answers from the response cache's table whose time has passed.</summary>
public sealed partial class PurgeCache(ResponseCacheTable cache, ILogger<PurgeCache> logger)
{
    /// <summary>Seven minutes after the full quarter: not at the same time as the other timers.</summary>
    public const string Schedule = "0 7/15 * * * *";

    [Function(nameof(PurgeCache))]
    public Task RunAsync([TimerTrigger(Schedule)] TimerInfo timer, FunctionContext context) =>
        TimerGuard.RunAsync(cache.PurgeExpiredAsync, LogFailed, LogDetails, context.CancellationToken);

    [LoggerMessage(3030, LogLevel.Error, "Purging the response cache failed and goes on at the next occurrence: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string errorId, string? exceptionType);

    [LoggerMessage(3031, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
