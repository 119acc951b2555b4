using Microsoft.Extensions.AI;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Telemetry;

namespace Yggdrasil.Runs.Model;

/// <summary>A journal in memory, for inline runs: nothing is stored.</summary>
/// <param name="quota">What the run holds of its owner's quota; without one it may use what it likes.</param>
/// <param name="live">Told of the step in flight; null where nobody reads along.</param>
internal sealed class MemoryRunJournal(Run run, IReadOnlyList<ChatMessage> input, InlineReservation? quota = null, ILiveEvents? live = null) : IRunJournal
{
    public Run Run { get; private set; } = run;

    public bool CanWait { get; init; }

    /// <summary>Told of each commit, where somebody reads along.</summary>
    public Action<Run, IReadOnlyList<JournalEntry>>? Committed { get; init; }

    public Transcript Transcript { get; } = new(input, []);

    public ILiveEvents Live { get; } = live ?? NoLiveEvents.Instance;

    public Task CommitAsync(Run next, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken)
    {
        if (!entries.Any(entry => entry.Kind is EntryKind.Model or EntryKind.Summary))
        {
            // What a model was paid for is noted also when nobody waits for it any more.
            cancellationToken.ThrowIfCancellationRequested();
        }

        var numbered = entries.Numbered(next.NextSequence);
        numbered.ForEach(Transcript.Add);
        Run = next with { NextSequence = next.NextSequence + entries.Count };
        if (Run.IsTerminal)
        {
            RunMetrics.Ended(Run);
        }

        Committed?.Invoke(Run, numbered);
        return Task.CompletedTask;
    }

    /// <summary>What cannot wait has no children.</summary>
    public Task<(Run? Run, bool WasDeleted)> FindChildAsync(string runId, CancellationToken cancellationToken) =>
        Task.FromResult<(Run?, bool)>((null, true));

    public Task ReserveCallAsync(CancellationToken cancellationToken) =>
        quota?.ReserveCallAsync(Run, Transcript, cancellationToken) ?? Task.CompletedTask;
}
