using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Durable;
using Yggdrasil.Operations.Health;

namespace Yggdrasil.Functions.Timers;

/// <summary>Looks at every dependency, records what it finds, raises and clears alerts.</summary>
public sealed partial class CheckHealth(HealthMonitor monitor, ILogger<CheckHealth> logger)
{
    /// <summary>Twenty seconds after the minute: not at the same time as the other timers.</summary>
    public const string Schedule = "20 * * * * *";

    [Function(nameof(CheckHealth))]
    public Task RunAsync([TimerTrigger(Schedule)] TimerInfo timer, [DurableClient] DurableTaskClient client, FunctionContext context) =>
        TimerGuard.RunAsync(token => monitor.RunAsync(new OrchestrationCanary(client), token), LogFailed, LogDetails, context.CancellationToken);

    [LoggerMessage(3066, LogLevel.Error, "Health could not be checked, which is tried again at the next occurrence: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string errorId, string? exceptionType);

    [LoggerMessage(3067, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
