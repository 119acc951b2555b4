using Microsoft.Extensions.Logging;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Driving;

/// <summary>Tells those who wait for a run that its row says something new: here at once, elsewhere through its orchestration.</summary>
internal sealed partial class RunWakeUp(RunSignals signals, IRunScheduler scheduler, ILogger<RunWakeUp> logger)
{
    public async Task TellAsync(string runId, string driver, CancellationToken cancellationToken)
    {
        signals.Publish(runId);
        try
        {
            await scheduler.WakeAsync(driver, cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // What the caller asked for is stored and will be done; a failed answer would say otherwise.
            LogNotWoken(runId, failure.GetType().FullName);
        }
    }

    [LoggerMessage(1030, LogLevel.Warning, "Run {RunId}: its orchestration could not be woken ({ExceptionType}) and will look by itself")]
    private partial void LogNotWoken(string runId, string? exceptionType);
}
