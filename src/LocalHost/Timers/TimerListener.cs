using Microsoft.Azure.Functions.Worker;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Timers;

/// <summary>Fires one timer function, never twice at a time: what falls due during a run is skipped.</summary>
/// <remarks>Occurrences are not remembered across restarts, so none is ever past due.</remarks>
internal sealed partial class TimerListener(
    Function function, TimerTrigger trigger, Schedule schedule, FunctionInvoker invoker, TimeProvider time, ILogger logger)
    : BackgroundService
{
    // Timers of the platform reach 49 days; and a clock that is put right is noticed within the hour.
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var last = time.GetUtcNow();
            if (trigger.RunOnStartup)
            {
                await FireAsync(last, stoppingToken);
            }

            while (schedule.After(Later(last, time.GetUtcNow())) is { } next)
            {
                await WaitUntilAsync(next, stoppingToken);
                last = next;
                await FireAsync(last, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task WaitUntilAsync(DateTimeOffset moment, CancellationToken stoppingToken)
    {
        for (var wait = moment - time.GetUtcNow(); wait > TimeSpan.Zero; wait = moment - time.GetUtcNow())
        {
            await Task.Delay(wait < LongestWait ? wait : LongestWait, time, stoppingToken);
        }
    }

    private async Task FireAsync(DateTimeOffset occurrence, CancellationToken stoppingToken)
    {
        try
        {
            await invoker.RunAsync(function, InfoFor(occurrence), stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // The next occurrence is due, whatever this one threw.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            LogFailed(failure, function.Name);
        }
    }

    private TimerInfo InfoFor(DateTimeOffset occurrence) => new()
    {
        ScheduleStatus = trigger.UseMonitor
            ? new ScheduleStatus
            {
                Last = occurrence.UtcDateTime,
                Next = (schedule.After(occurrence) ?? DateTimeOffset.MaxValue).UtcDateTime,
                LastUpdated = time.GetUtcNow().UtcDateTime,
            }
            : null,
    };

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    [LoggerMessage(300, LogLevel.Error, "Timer {Function} failed.")]
    private partial void LogFailed(Exception failure, string function);
}
