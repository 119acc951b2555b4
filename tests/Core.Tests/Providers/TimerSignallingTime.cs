using Microsoft.Extensions.Time.Testing;

namespace Yggdrasil.Tests.Providers;

/// <summary>Fake time that tells when somebody sets a timer of the given length.</summary>
internal sealed class TimerSignallingTime(TimeSpan expected) : FakeTimeProvider
{
    private readonly TaskCompletionSource _timerSet = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task TimerSet => _timerSet.Task;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime == expected)
        {
            _timerSet.TrySetResult();
        }

        return timer;
    }
}
