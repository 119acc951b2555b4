using Yggdrasil.Problems;
using Yggdrasil.Security;
using Yggdrasil.Security.Authorization;
using Yggdrasil.Storage;

namespace Yggdrasil.Health;

/// <summary>How the app fares, as callers see it.</summary>
public sealed class HealthService
{
    private readonly HealthState _state;
    private readonly HealthHistory _history;
    private readonly TimeProvider _time;

    internal HealthService(HealthState state, HealthHistory history, TimeProvider time) => (_state, _history, _time) = (state, history, time);

    /// <summary>The version that runs here.</summary>
    public static string Version { get; } = typeof(HealthService).Assembly.GetName().Version?.ToString(3) ?? "";

    /// <summary>The newest report, within two seconds.</summary>
    public Task<HealthReport> GetAsync(CancellationToken cancellationToken) => _state.GetAsync(cancellationToken);

    /// <summary>Reports of the last month, newest first.</summary>
    /// <exception cref="ForbiddenException">The caller is no operator.</exception>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is not a cursor of this list.</exception>
    public Task<ListPage<HealthReport>> ListAsync(Caller caller, int limit, string? after, CancellationToken cancellationToken)
    {
        AccessPolicy.RequireOperator(caller);
        return after is null || HealthHistory.IsPlace(after)
            ? _history.ListAsync(limit, after, _time.GetUtcNow(), cancellationToken)
            : throw InvalidRequestException.NotACursor();
    }
}
