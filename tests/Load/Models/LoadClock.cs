namespace Yggdrasil.Load.Models;

/// <summary>The time since the load began.</summary>
internal sealed class LoadClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    public TimeSpan Elapsed => time.GetElapsedTime(_start);

    /// <summary>Waits until a time since the start, or returns at once if it has passed.</summary>
    public async Task UntilAsync(TimeSpan due, CancellationToken cancellationToken)
    {
        // A timer may fire a little early; half a millisecond too early is on time.
        while (due - Elapsed is var left && left > TimeSpan.FromMilliseconds(0.5))
        {
            await Task.Delay(left, time, cancellationToken);
        }
    }
}
