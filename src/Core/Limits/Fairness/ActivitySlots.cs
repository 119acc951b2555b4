using Microsoft.Extensions.Logging;

namespace Yggdrasil.Limits.Fairness;

/// <summary>The slots in which this instance works on activities of the host, whatever they are for. One per process.</summary>
internal sealed class ActivitySlots(ActivityOptions options, TimeProvider time, ILogger<FairQueue> logger)
{
    /// <summary>Long enough for a short slice before it to end, and too short to keep the host's activities from others.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private readonly FairQueue _queue = new(
        new FairQueueRules(options.AtOnce)
        {
            PerOwner = options.PerOwner,
            FreeFactor = 1,
            Activities = options.AtOnce + (options.AtOnce / 8),
            WaitingPerOwner = options.PerOwner / 2,
        },
        time,
        logger);

    /// <summary>Asks for a slot for an activity.</summary>
    /// <param name="owner">The owner's partition.</param>
    /// <param name="key">Names the orchestration that comes back; null where it looks by itself.</param>
    /// <param name="call">Wakes that orchestration; null where it cannot be woken.</param>
    public ValueTask<Admission> EnterAsync(
        string owner, string? key, Func<CancellationToken, Task>? call, CancellationToken cancellationToken) =>
        _queue.EnterAsync(owner, new ActivityWork(key, call, Patience), cancellationToken);

    /// <inheritdoc cref="FairQueue.HoldBack"/>
    public TimeSpan HoldBack(string owner, string key, Func<CancellationToken, Task> call) =>
        _queue.HoldBack(owner, new ActivityWork(key, call, Patience));

    /// <inheritdoc cref="FairQueue.ReleaseAsync"/>
    public Task ReleaseAsync(string owner) => _queue.ReleaseAsync(owner);

    /// <inheritdoc cref="FairQueue.Count"/>
    public IAsyncDisposable CountRequest(string owner) => _queue.Count(owner);

    /// <inheritdoc cref="FairQueue.ForgetAsync"/>
    public Task ForgetAsync(string owner, string key) => _queue.ForgetAsync(owner, key);
}
