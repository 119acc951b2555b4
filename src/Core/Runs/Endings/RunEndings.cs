using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Endings;

/// <summary>Delivers notices after a run has ended, also after a crash: callback, parent run, batch.</summary>
/// <remarks>
/// <code>
///   start:        run row + what is to be told             one transaction
///   end:          run row: terminal                         one transaction; from here on notices are due
///   afterwards:   deliver each ──► run row: delivered       by whoever drove the run to its end
/// </code>
/// A crash between the end and the last line leaves a terminal run whose notices are due. Every run has an orchestration, a
/// run that its request drives a message, which looks at it once more, finds it so, and delivers. A run that tells nobody
/// costs no request here.
/// </remarks>
public sealed class RunEndings
{
    private readonly RunStore _store;
    private readonly Dictionary<string, INoticeDelivery> _deliveries;
    private readonly IRunScheduler _scheduler;
    private readonly UnknownValues _unknown;

    internal RunEndings(RunStore store, IEnumerable<INoticeDelivery> deliveries, IRunScheduler scheduler, UnknownValues unknown) =>
        (_store, _deliveries, _scheduler, _unknown) = (store, deliveries.ToDictionary(delivery => delivery.Kind), scheduler, unknown);

    /// <summary>Does what is due after a slice that found its run ended, or ended it; nothing after any other.</summary>
    /// <remarks>To be called within the slice: its next attempt makes up for what failed here.</remarks>
    public async Task AnnounceAsync(RunReference run, SliceOutcome outcome, CancellationToken cancellationToken)
    {
        if (outcome.NextRun is { } next && await _store.FindDriverAsync(run.Partition, next, cancellationToken) is { } driver)
        {
            await _scheduler.WakeAsync(driver, cancellationToken);
        }

        if (outcome.NoticesDue)
        {
            await DeliverAsync(run, cancellationToken);
        }
    }

    /// <summary>Delivers what is due of a run that has ended; nothing when it was delivered before, or the run is gone.</summary>
    internal async Task DeliverAsync(RunReference run, CancellationToken cancellationToken)
    {
        if (await _store.FindHeadAsync(run.Partition, run.RunId, cancellationToken) is not { NoticesDue: true } ended)
        {
            return;
        }

        // Side by side: one listener that cannot be told must not keep the others waiting.
        var known = ended.Notices.Where(notice => _deliveries.ContainsKey(notice.Kind)).ToList();
        await Task.WhenAll(known.Select(async notice =>
            await _deliveries[notice.Kind].DeliverAsync(ended, notice.Target, cancellationToken)));
        if (known.Count == ended.Notices.Count)
        {
            await _store.SetNoticesDeliveredAsync(run.Partition, run.RunId, cancellationToken);
            return;
        }

        // Still due: an instance of the version that knows the others delivers them when it looks at the run.
        foreach (var notice in ended.Notices.Except(known))
        {
            _unknown.Add(StorageClients.WorkTable, "notice", notice.Kind);
        }
    }
}
