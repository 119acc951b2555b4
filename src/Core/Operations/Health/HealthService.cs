using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Storage;

namespace Yggdrasil.Operations.Health;

/// <summary>The health of the app, for callers.</summary>
public sealed class HealthService
{
    private readonly HealthState _state;
    private readonly HealthHistory _history;
    private readonly Readiness _readiness;
    private readonly TimeProvider _time;

    internal HealthService(HealthState state, HealthHistory history, Readiness readiness, TimeProvider time) =>
        (_state, _history, _readiness, _time) = (state, history, readiness, time);

    /// <summary>The version that runs here.</summary>
    public static string Version { get; } = typeof(HealthService).Assembly.GetName().Version?.ToString(3) ?? "";

    /// <summary>The newest report, with what is found out now about whether this instance can serve; within four seconds.</summary>
    public async Task<HealthReport> GetAsync(CancellationToken cancellationToken)
    {
        // A report may be a minute old: an instance that is not ready must not call itself healthy for so long.
        var asked = _readiness.IsReadyAsync(cancellationToken);
        var report = await _state.GetAsync(cancellationToken);
        var isReady = await asked;
        var isTold = report.Checks.Any(check => check.Name == HealthState.Ready);
        return isReady && !isTold ? report : report with
        {
            Checks =
            [
                .. report.Checks.Where(check => check.Name != HealthState.Ready),
                HealthState.Checked(isReady, _time.GetUtcNow()),
            ],
        };
    }

    /// <summary>Reports of the last month, newest first.</summary>
    /// <exception cref="ForbiddenException">The caller is no operator.</exception>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is not a cursor of this list.</exception>
    public Task<ListPage<HealthReport>> ListAsync(Caller caller, int limit, string? after, CancellationToken cancellationToken)
    {
        AccessPolicy.RequireOperator(caller);
        return after is null || HealthHistory.IsCursor(after)
            ? _history.ListAsync(limit, after, _time.GetUtcNow(), cancellationToken)
            : throw InvalidRequestException.NotACursor();
    }
}
