using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Runs.Model;

/// <summary>
/// The journal of a run in the hands of one of several activities that make its distributed calls. Nobody holds the lease
/// meanwhile; each commit is fenced by the version of the run's row alone. Should somebody take the lease all the same (a
/// late delivery beside the next slice), a commit waits until it is given back: a holder relies on nobody else appending. It waits
/// for as long as a slice takes; by then the holder looks after the call itself.
/// </summary>
internal sealed class SharedRunJournal : IRunJournal
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly RunStore _store;
    private readonly RunReference _reference;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;

    private SharedRunJournal(
        RunStore store, RunReference reference, TimeSpan patience, TimeProvider time, Run run, IReadOnlyList<JournalEntry> entries)
    {
        (_store, _reference, _patience, _time, Run) = (store, reference, patience, time, run);
        Transcript = new Transcript([], entries);
    }

    public Run Run { get; private set; }

    public Transcript Transcript { get; private set; }

    /// <remarks>Live events are numbered by who holds the lease. Of distributed calls, intents tell that they have begun.</remarks>
    public ILiveEvents Live => NoLiveEvents.Instance;

    public bool CanWait => true;

    public Task<(Run? Run, bool WasDeleted)> FindChildAsync(string runId, CancellationToken cancellationToken) =>
        _store.FindEvenDeletedAsync(Run.Caller.Owner.Partition, runId, cancellationToken);

    /// <param name="patience">How long a commit waits for a lease.</param>
    public static async Task<SharedRunJournal?> LoadAsync(
        RunStore store, RunReference reference, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken) =>
        await store.LoadAsync(reference.Partition, reference.RunId, cancellationToken) is var (run, entries)
            ? new SharedRunJournal(store, reference, patience, time, run, entries)
            : null;

    public Task ReserveCallAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException("Activities of single calls ask no model.");

    /// <remarks>
    /// When another activity committed first, its entries are read and this one's are numbered after them. An entry whose
    /// call has been begun or has its result by then is dropped: another delivery of the same activity was faster.
    /// </remarks>
    public async Task CommitAsync(Run next, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken)
    {
        var calls = next.Usage.ToolCalls - Run.Usage.ToolCalls;
        var began = _time.GetTimestamp();
        while (true)
        {
            if (Run.LeaseUntil <= _time.GetUtcNow())
            {
                var numbered = entries.Numbered(Run.NextSequence);
                var current = Run with { Usage = Run.Usage with { ToolCalls = Run.Usage.ToolCalls + calls } };
                if (await _store.CommitAsync(current, numbered, cancellationToken) is { } stored)
                {
                    Run = stored;
                    numbered.ForEach(Transcript.Add);
                    return;
                }
            }

            await WaitAsync(began, cancellationToken);
            if (await _store.LoadAsync(_reference.Partition, _reference.RunId, cancellationToken) is not var (run, found) || run.IsTerminal)
            {
                throw new LeaseLostException(_reference.RunId);
            }

            (Run, Transcript) = (run, new Transcript([], found));
            if (entries.AreAmong(found))
            {
                return;
            }

            if (entries.Any(entry => found.Any(other => other.Kind == entry.Kind && other.CallId == entry.CallId)))
            {
                throw new LeaseLostException(_reference.RunId);
            }
        }
    }

    /// <summary>Waits until another attempt may succeed, or the journal has grown. Reads the plain row alone.</summary>
    private async Task WaitAsync(long began, CancellationToken cancellationToken)
    {
        RunProgress? progress;
        do
        {
            await Task.Delay(Pause, _time, cancellationToken);
            progress = await _store.FindProgressAsync(_reference.Partition, _reference.RunId, cancellationToken);
            if (progress?.LeaseUntil > _time.GetUtcNow() && _time.GetElapsedTime(began) >= _patience)
            {
                throw new LeaseLostException(_reference.RunId);
            }
        }
        while (progress is { IsTerminal: false } && progress.Value.NextSequence == Run.NextSequence && progress.Value.LeaseUntil > _time.GetUtcNow());
    }
}
