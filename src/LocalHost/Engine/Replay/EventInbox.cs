using Microsoft.DurableTask;

namespace Yggdrasil.LocalHost.Engine.Replay;

/// <summary>
/// Matches external events with the code's waits, as the genuine worker does: an event that nobody waits for is kept;
/// a kept event goes to the next wait, oldest first; of several waits the newest gets the event; and a wait that was
/// cancelled still takes one, and loses it.
/// </summary>
internal sealed class EventInbox(DataConverter converter)
{
    private readonly Dictionary<string, Stack<EventWaiter>> _waiters = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<HistoryEvent> _unclaimed = [];

    public bool HasWaiters => _waiters.Count > 0;

    public IReadOnlyList<HistoryEvent> Unclaimed => _unclaimed;

    /// <exception cref="ArgumentException">Another wait for that name expects another type.</exception>
    public void Wait(string name, EventWaiter waiter)
    {
        if (!_waiters.TryGetValue(name, out var waiting))
        {
            _waiters[name] = waiting = new Stack<EventWaiter>();
        }
        else if (waiting.Peek().EventType != waiter.EventType)
        {
            throw new ArgumentException(
                $"Events of the same name must have the same type: expected {waiting.Peek().EventType}, not {waiter.EventType}.",
                nameof(waiter));
        }

        waiting.Push(waiter);
        var kept = _unclaimed.FindIndex(raised => string.Equals(raised.Name, name, StringComparison.OrdinalIgnoreCase));
        if (kept >= 0)
        {
            var raised = _unclaimed[kept];
            _unclaimed.RemoveAt(kept);
            Deliver(raised);
        }
    }

    public void Deliver(HistoryEvent raised)
    {
        if (!_waiters.TryGetValue(raised.Name!, out var waiting))
        {
            Keep(raised);
            return;
        }

        var newest = waiting.Pop();
        if (waiting.Count == 0)
        {
            _waiters.Remove(raised.Name!);
        }

        newest.Complete(raised.Data, converter);
    }

    public void Keep(HistoryEvent raised) => _unclaimed.Add(raised);

    public void DiscardUnclaimed() => _unclaimed.Clear();
}
