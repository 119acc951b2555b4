using System.Text;

namespace Yggdrasil.Runs.Events;

/// <summary>
/// Gathers what a model says in one call, so that readers, and storage, get it in pieces of up to <see cref="Interval"/>
/// instead of token by token. The first piece goes out at once.
/// </summary>
internal sealed class TextBatch : IDisposable
{
    /// <summary>The longest that anything said is held back.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly StringBuilder _pending = new();
    private readonly ILiveEvents _live;
    private readonly int _turn;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private long? _emittedAt;
    private bool _scheduled;

    public TextBatch(ILiveEvents live, int turn, TimeProvider time)
    {
        (_live, _turn, _time) = (live, turn, time);
        _timer = time.CreateTimer(static batch => ((TextBatch)batch!).OnTime(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Add(string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        lock (_gate)
        {
            _pending.Append(text);
            if (_scheduled)
            {
                return;
            }

            var wait = _emittedAt is { } emitted ? Interval - _time.GetElapsedTime(emitted) : TimeSpan.Zero;
            if (wait > TimeSpan.Zero)
            {
                _scheduled = true;
                _timer.Change(wait, Timeout.InfiniteTimeSpan);
            }
            else
            {
                Emit(isLast: false);
            }
        }
    }

    /// <summary>Everything said so far is void.</summary>
    public void Restart()
    {
        lock (_gate)
        {
            _pending.Clear();
            if (_emittedAt is not null)
            {
                _live.Restarted(_turn);
            }
        }
    }

    /// <summary>The model has ended: nothing is held back any more.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            Emit(isLast: true);
        }
    }

    /// <summary>What is held back then was not asked for to its end, and is not said.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _pending.Clear();
        }

        _timer.Dispose();
    }

    private void OnTime()
    {
        lock (_gate)
        {
            _scheduled = false;
            Emit(isLast: false);
        }
    }

    private void Emit(bool isLast)
    {
        // Half of a character is no text: written as UTF-8, both halves would be lost.
        var half = !isLast && _pending.Length > 0 && char.IsHighSurrogate(_pending[^1]) ? 1 : 0;
        var length = _pending.Length - half;
        if (length > 0)
        {
            _live.Said(_turn, _pending.ToString(0, length));
            _pending.Remove(0, length);
            _emittedAt = _time.GetTimestamp();
        }
    }
}
