using Microsoft.Extensions.Logging;

namespace Yggdrasil.Limits.Fairness;

/// <summary>The places in which this instance works on activities of the host, whatever they are for. One per process.</summary>
internal sealed class ActivityTurns(ActivityOptions options, TimeProvider time, ILogger<FairTurns> logger)
{
    /// <summary>Long enough for a short slice before it to end, and too short to keep the host's activities from others.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private readonly FairTurns _turns = new(
        new TurnRules(options.AtOnce)
        {
            PerOwner = options.PerOwner,
            FreeFactor = 1,
            Activities = options.AtOnce + (options.AtOnce / 8),
            WaitingPerOwner = options.PerOwner / 2,
        },
        time,
        logger);

    /// <summary>Asks for a place for an activity.</summary>
    /// <param name="owner">The owner's partition.</param>
    /// <param name="key">Names the orchestration that comes back; null where it looks by itself.</param>
    /// <param name="call">Wakes that orchestration; null where it cannot be woken.</param>
    public ValueTask<Admission> EnterAsync(
        string owner, string? key, Func<CancellationToken, Task>? call, CancellationToken cancellationToken) =>
        _turns.EnterAsync(owner, new ActivityWork(key, call, Patience), cancellationToken);

    /// <inheritdoc cref="FairTurns.HoldBack"/>
    public TimeSpan HoldBack(string owner, string key, Func<CancellationToken, Task> call) =>
        _turns.HoldBack(owner, new ActivityWork(key, call, Patience));

    /// <inheritdoc cref="FairTurns.ReleaseAsync"/>
    public Task ReleaseAsync(string owner) => _turns.ReleaseAsync(owner);

    /// <inheritdoc cref="FairTurns.Count"/>
    public IAsyncDisposable CountRequest(string owner) => _turns.Count(owner);

    /// <inheritdoc cref="FairTurns.ForgetAsync"/>
    public Task ForgetAsync(string owner, string key) => _turns.ForgetAsync(owner, key);
}
