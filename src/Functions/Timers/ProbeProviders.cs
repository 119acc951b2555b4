using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Models.State;

namespace Yggdrasil.Functions.Timers;

/// <summary>Asks providers that are left alone whether they are back, by a request that costs nothing.</summary>
public sealed partial class ProbeProviders(ProviderProbing probing, ILogger<ProbeProviders> logger)
{
    public const string Schedule = "0 * * * * *";

    [Function(nameof(ProbeProviders))]
    public Task RunAsync([TimerTrigger(Schedule)] TimerInfo timer, FunctionContext context) =>
        TimerGuard.RunAsync(probing.RunAsync, LogFailed, LogDetails, context.CancellationToken);

    [LoggerMessage(3022, LogLevel.Error, "Providers could not be probed, which is tried again at the next occurrence: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string errorId, string? exceptionType);

    [LoggerMessage(3023, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
