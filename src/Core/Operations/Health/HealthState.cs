namespace Yggdrasil.Operations.Health;

/// <summary>
/// The health of the app, as this instance knows it: from its own last look, from that of the instance whose timer fired, or, where
/// there is none, from what can be found out at once. Asking costs nobody more than two seconds.
/// </summary>
internal sealed class HealthState(HealthHistory history, Readiness readiness, TimeProvider time)
{
    /// <summary>The check that this instance makes by itself.</summary>
    public const string Ready = "ready";

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private HealthReport? _latest;
    private Task _look = Task.CompletedTask;
    private DateTimeOffset _lookedAt;

    /// <summary>Notes a report, unless there is a newer one.</summary>
    public void Learn(HealthReport report)
    {
        lock (_lock)
        {
            _latest = _latest?.CheckedAt > report.CheckedAt ? _latest : report;
        }
    }

    public async Task<HealthReport> GetAsync(CancellationToken cancellationToken)
    {
        if (Latest(Fresh) is { } fresh)
        {
            return fresh;
        }

        try
        {
            await Look().WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Somebody who asks is answered with what is known; the look goes on for the next one.
        }

        return Latest(Late) ?? new HealthReport(
            time.GetUtcNow(), [new HealthCheck("checks", HealthStatus.Unhealthy, 0, "Nothing could be found out in time.", time.GetUtcNow())]);
    }

    private HealthReport? Latest(TimeSpan age)
    {
        lock (_lock)
        {
            return _latest is { } latest && time.GetUtcNow() - latest.CheckedAt <= age ? latest : null;
        }
    }

    /// <summary>The one look under way, or a new one where the last is long enough ago.</summary>
    private Task Look()
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (_look.IsCompleted && now - _lookedAt >= BetweenLooks)
            {
                _lookedAt = now;
                _look = LookAsync(now);
            }

            return _look;
        }
    }

    private async Task LookAsync(DateTimeOffset now)
    {
        // Not the asker's token: others wait for the same look.
        var isReady = await readiness.IsReadyAsync(CancellationToken.None);
        if (isReady && await history.FindLatestAsync(now, CancellationToken.None) is { } stored && now - stored.CheckedAt <= Late)
        {
            Learn(stored);
            return;
        }

        Learn(new HealthReport(now, [Checked(isReady, now)]));
    }

    /// <summary>Whether an instance is ready, as a check of a report.</summary>
    internal static HealthCheck Checked(bool isReady, DateTimeOffset now) => new(
        Ready, isReady ? HealthStatus.Healthy : HealthStatus.Unhealthy, 0,
        isReady ? "Storage answers and secrets are loaded; nothing else was looked at within five minutes." : "Storage does not answer, or secrets are missing.",
        now);
}
