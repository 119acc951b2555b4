using System.Collections.Concurrent;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage.Due;

namespace Yggdrasil.Runs.Store;

/// <summary>Sees to it that what a run leaves behind is looked at when it may have expired.</summary>
/// <remarks>
/// Not each run is written down but each day on which an owner was active: the runs of a day, and the conversations last
/// active on it, are one range of the owner's rows. So this costs a few requests a day and owner, however many runs there are.
/// They come before the run's transaction: a day without anything to remove does no harm.
/// </remarks>
internal sealed class RetentionCompanion(DueStore due, RetentionOptions options, TimeProvider time) : IRunCompanion
{
    private const int MaxKnown = 50_000;

    /// <summary>For so long it is believed that a day is written down; its owner's data may be deleted meanwhile.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<DueItem, long> _known = new();

    public async ValueTask<CompanionChange> OnStartAsync(Run run, CancellationToken cancellationToken)
    {
        await TouchAsync(run, cancellationToken);
        return CompanionChange.None(run);
    }

    public async ValueTask<CompanionChange> OnCommitAsync(Run next, CancellationToken cancellationToken)
    {
        // The end of a run is the last activity of its conversation, most often on the day of its start.
        if (next is { IsTerminal: true, ConversationId: not null })
        {
            await TouchAsync(next, cancellationToken);
        }

        return CompanionChange.None(next);
    }

    private ValueTask TouchAsync(Run run, CancellationToken cancellationToken) =>
        EnsureDayAsync(run.Caller.Owner.Partition, run.Agent.RetentionDays, cancellationToken);

    /// <summary>Sees to it that what an owner begins today is looked at when it may have expired.</summary>
    /// <param name="retentionDays">The agent's own; null for those of the settings.</param>
    public async ValueTask EnsureDayAsync(string partition, int? retentionDays, CancellationToken cancellationToken)
    {
        var today = DueItem.DayOf(time.GetUtcNow());
        var day = DueItem.Text(today);
        var blobs = EnsureAsync(new DueItem(today.AddDays(DueItem.DaysUntilBlobs), DueKind.Blobs, partition, day), cancellationToken);
        if ((retentionDays ?? options.Days) is > 0 and var days)
        {
            await EnsureAsync(new DueItem(today.AddDays(days + 1), DueKind.Expiry, partition, day), cancellationToken);
        }

        await blobs;
    }

    private async ValueTask EnsureAsync(DueItem item, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(item, out var since) && time.GetElapsedTime(since) < Lifetime)
        {
            return;
        }

        await due.AddAsync(item, cancellationToken);
        if (_known.Count >= MaxKnown)
        {
            _known.Clear();
        }

        _known[item] = time.GetTimestamp();
    }
}
