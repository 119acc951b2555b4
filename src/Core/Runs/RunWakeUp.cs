using Microsoft.Extensions.Logging;

namespace Yggdrasil.Runs;

/// <summary>Tells those who wait for a run that its row says something new: here at once, elsewhere through its orchestration.</summary>
internal sealed partial class RunWakeUp(RunSignals signals, ILogger<RunWakeUp> logger)
{
    public async Task TellAsync(Run run, IRunScheduler scheduler, CancellationToken cancellationToken)
    {
        signals.Publish(run.Id);
        try
        {
            await scheduler.WakeAsync(run.Driver, cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // What the caller asked for is stored and will be done; a failed answer would say otherwise.
            LogNotWoken(run.Id, failure.GetType().FullName);
        }
    }

    [LoggerMessage(1030, LogLevel.Warning, "Run {RunId}: its orchestration could not be woken ({ExceptionType}) and will look by itself")]
    private partial void LogNotWoken(string runId, string? exceptionType);
}
