using System.Threading.Channels;
using Yggdrasil.LocalHost.Engine.Storage;

namespace Yggdrasil.LocalHost.Engine;

/// <summary>
/// Sleeps until the next durable timer, delayed start or delayed event is due, then delivers it. The database holds them
/// all; in memory there is only the time of the next one.
/// </summary>
internal sealed class TimerQueue : IAsyncDisposable
{
    // Longer than this a TimeProvider need not be able to wait; waking up for nothing once a day costs nothing.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromDays(1);

    private readonly TimerStore _store;
    private readonly TimeProvider _time;
    private readonly Action<string> _signal;
    private readonly Action<Exception> _fault;
    private readonly Func<NoRoomException, bool> _waitForRoom;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private DateTime _armed = DateTime.MaxValue;
    private Task _loop = Task.CompletedTask;

    public TimerQueue(
        TimerStore store, TimeProvider time, Action<string> signal, Action<Exception> fault, Func<NoRoomException, bool> waitForRoom)
    {
        _store = store;
        _time = time;
        _signal = signal;
        _fault = fault;
        _waitForRoom = waitForRoom;
        _timer = time.CreateTimer(_ => _wake.Writer.TryWrite(true), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Delivers what became due meanwhile, then goes on in the background.</summary>
    public void Start()
    {
        FireDue();
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Wakes up at this time at the latest.</summary>
    public void Arm(DateTime due)
    {
        lock (_gate)
        {
            if (due >= _armed)
            {
                return;
            }

            _armed = due;
            var sleep = due - _time.GetUtcNow().UtcDateTime;
            _timer.Change(
                sleep <= TimeSpan.Zero ? TimeSpan.Zero : sleep < LongestSleep ? WholeMilliseconds(sleep) : LongestSleep,
                Timeout.InfiniteTimeSpan);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _wake.Writer.TryComplete();
        await _loop;
        await _timer.DisposeAsync();
    }

    // System timers cut fractions off; waking before the due time would mean to spin until it.
    private static TimeSpan WholeMilliseconds(TimeSpan sleep) => TimeSpan.FromMilliseconds(Math.Ceiling(sleep.TotalMilliseconds));

    private async Task RunAsync()
    {
        await foreach (var _ in _wake.Reader.ReadAllAsync())
        {
            try
            {
                FireDue();
            }
            catch (NoRoomException full)
            {
                if (_waitForRoom(full))
                {
                    _wake.Writer.TryWrite(true);
                }
            }
            catch (Exception e)
            {
                _fault(e);
                return;
            }
        }
    }

    private void FireDue()
    {
        lock (_gate)
        {
            _armed = DateTime.MaxValue;
        }

        foreach (var instanceId in _store.FireDue(_time.GetUtcNow().UtcDateTime))
        {
            _signal(instanceId);
        }

        if (_store.NextDue() is { } next)
        {
            Arm(next);
        }
    }
}
