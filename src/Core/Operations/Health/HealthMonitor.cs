using Microsoft.Extensions.Logging;
using Yggdrasil.Operations.Errors;
using Yggdrasil.Operations.Health.Alerts;
using Yggdrasil.Operations.Health.Probes;

namespace Yggdrasil.Operations.Health;

/// <summary>Checks every dependency once a minute, records the results, and raises alerts.</summary>
public sealed partial class HealthMonitor
{
    /// <summary>Errors that nobody has seen for so many days are forgotten.</summary>
    private const int ErrorDays = 90;

    private static readonly TimeSpan StoragePatience = TimeSpan.FromSeconds(10);

    private readonly IEnumerable<IHealthProbe> _probes;
    private readonly ProviderProbes _providers;
    private readonly HealthState _state;
    private readonly HealthHistory _history;
    private readonly AlertBook _alerts;
    private readonly ErrorStore _errors;
    private readonly TimeProvider _time;
    private readonly ILogger<HealthMonitor> _logger;

    internal HealthMonitor(
        IEnumerable<IHealthProbe> probes, ProviderProbes providers, HealthState state, HealthHistory history, AlertBook alerts,
        ErrorStore errors, TimeProvider time, ILogger<HealthMonitor> logger) =>
        (_probes, _providers, _state, _history, _alerts, _errors, _time, _logger) =
        (probes, providers, state, history, alerts, errors, time, logger);

    /// <summary>Looks at everything, side by side. A dependency that fails is found out, not thrown.</summary>
    /// <param name="canary">Tries the orchestration backend.</param>
    public async Task<HealthReport> RunAsync(IOrchestrationCanary canary, CancellationToken cancellationToken)
    {
        List<IHealthProbe> probes = [.. _probes, .. _providers.InUse(), new OrchestrationProbe(canary)];
        var checks = await Task.WhenAll(probes.Select(probe => CheckAsync(probe, cancellationToken)));
        var report = new HealthReport(_time.GetUtcNow(), checks);
        _state.Learn(report);
        await BoundedAsync("the history", token => _history.AppendAsync(report, token), cancellationToken);
        await _alerts.EvaluateAsync(report, cancellationToken);
        if (report.CheckedAt.Minute == 0)
        {
            await BoundedAsync("old history", token => _history.RemoveOldAsync(report.CheckedAt, token), cancellationToken);
            await BoundedAsync("old errors", token => _errors.RemoveBeforeAsync(report.CheckedAt.AddDays(-ErrorDays), token), cancellationToken);
        }

        return report;
    }

    private async Task<HealthCheck> CheckAsync(IHealthProbe probe, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        ProbeOutcome outcome;
        try
        {
            using var timeout = new CancellationTokenSource(probe.Patience, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);

            // WaitAsync: a probe that ignores its token must not hold the others up.
            outcome = await Task.Run(() => probe.CheckAsync(either.Token), either.Token).WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            outcome = ProbeOutcome.Bad($"No answer within {probe.Patience.TotalSeconds:0} s.");
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // Messages of storage exceptions quote addresses and keys: the type has to do.
            outcome = ProbeOutcome.Bad($"It failed ({failure.GetType().Name}).");
        }

        if (!outcome.Answers)
        {
            LogFailing(probe.Name, outcome.Detail);
        }

        return new HealthCheck(
            probe.Name, outcome.Answers ? HealthStatus.Healthy : probe.WhenFailing, Math.Round(_time.GetElapsedTime(started).TotalMilliseconds, 1),
            outcome.Detail, _time.GetUtcNow());
    }

    /// <summary>Storage may be what is failing: then what cannot be written is not, and the next minute comes all the same.</summary>
    private async Task BoundedAsync(string what, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(StoragePatience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await work(either.Token);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotWritten(what, failure.GetType().FullName);
        }
    }

    [LoggerMessage(5010, LogLevel.Warning, "{Check} fails: {Detail}")]
    private partial void LogFailing(string check, string detail);

    [LoggerMessage(5011, LogLevel.Warning, "Health: {What} could not be written ({ExceptionType})")]
    private partial void LogNotWritten(string what, string? exceptionType);
}
