using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Yggdrasil.Identity;

namespace Yggdrasil.Telemetry;

/// <summary>How many users this instance has heard from in the last minutes.</summary>
public sealed class ActiveUsers : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _lastSeen = new(StringComparer.Ordinal);
    private readonly Meter _meter = new(Signals.Meter);
    private readonly TimeProvider _time;

    public ActiveUsers(TimeProvider time)
    {
        _time = time;
        _meter.CreateObservableGauge(
            Signals.Metrics.ActiveUsers, Count, "{user}", "Users with a request to this instance within five minutes.");
    }

    public void Seen(Owner user) => _lastSeen[user.Partition] = _time.GetUtcNow();

    public int Count()
    {
        var since = _time.GetUtcNow() - Window;
        foreach (var (user, seen) in _lastSeen)
        {
            if (seen < since)
            {
                _lastSeen.TryRemove(new(user, seen));
            }
        }

        return _lastSeen.Count;
    }

    public void Dispose() => _meter.Dispose();
}
