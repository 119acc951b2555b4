using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Work.Schedules;

namespace Yggdrasil.Functions.Timers;

/// <summary>Starts the runs of schedules that have become due.</summary>
public sealed partial class StartSchedules(ScheduleStarter starter, ILogger<StartSchedules> logger)
{
    /// <summary>Two seconds into each minute: a timer that fires a little early must not find the minute not begun yet.</summary>
    public const string Schedule = "2 * * * * *";

    [Function(nameof(StartSchedules))]
    public Task RunAsync([TimerTrigger(Schedule)] TimerInfo timer, [DurableClient] DurableTaskClient client, FunctionContext context) =>
        TimerGuard.RunAsync(starter.RunAsync, LogFailed, LogDetails, context.CancellationToken);

    [LoggerMessage(3064, LogLevel.Error, "Schedules could not be looked at, which is tried again at the next occurrence: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string errorId, string? exceptionType);

    [LoggerMessage(3065, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
