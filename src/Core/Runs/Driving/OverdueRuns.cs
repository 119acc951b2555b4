using System.Collections.Concurrent;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Driving;

/// <summary>Runs past their deadline that nobody drives: whoever comes across one ends it.</summary>
/// <remarks>
/// A run's own orchestration does so to the second. This is for one that has none any more, whatever became of it: a run with a deadline
/// never holds up its conversation, or shows as going on, for longer than until somebody looks.
/// </remarks>
/// <param name="endings">Taken when first needed: some who are told of a run's end look for overdue runs themselves.</param>
internal sealed class OverdueRuns(RunStore store, Func<RunEndings> endings, Contention contention, TimeProvider time)
{
    /// <summary>More runs than conversations wait for in one process.</summary>
    private const int MaxKnown = 10_000;

    /// <summary>Deadlines never change: a conversation that is busy costs one read for all that are started in it.</summary>
    private readonly ConcurrentDictionary<(string Partition, string RunId), DateTimeOffset> _deadlines = new();

    /// <summary>The run as it is, ended where it is overdue and nobody drives it.</summary>
    public async Task<Run> EndAsync(Run run, CancellationToken cancellationToken) => await FindAnewAsync(run, cancellationToken) ?? run;

    /// <summary>The same for a run that was not opened.</summary>
    public async Task<RunHead> EndAsync(RunHead run, CancellationToken cancellationToken) => await FindAnewAsync(run, cancellationToken) ?? run;

    /// <summary>Ends a run that is overdue, by its id.</summary>
    /// <returns>Whether it was, and has ended.</returns>
    public async Task<bool> EndAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        if (_deadlines.TryGetValue((partition, runId), out var deadline) && time.GetUtcNow() < deadline)
        {
            return false;
        }

        if (await store.FindHeadAsync(partition, runId, cancellationToken) is not { } run)
        {
            return false;
        }

        if (_deadlines.Count >= MaxKnown)
        {
            _deadlines.Clear();
        }

        _deadlines[(partition, runId)] = run.Deadline;
        return IsOverdue(run) && (await EndAsync(run, cancellationToken)).IsTerminal;
    }

    /// <returns>The run as it was found when it was to be ended; null where it was not looked for, is gone, or cannot be read.</returns>
    private async Task<Run?> FindAnewAsync(RunHead run, CancellationToken cancellationToken)
    {
        try
        {
            return IsOverdue(run) ? await contention.RetryAsync(() => EndReadableAsync(run, cancellationToken), cancellationToken) : null;
        }
        catch (ContentProtectionException)
        {
            // Whoever looks is shown what can be shown; that it cannot be read is what ends it.
            var reference = new RunReference(run.Caller.Owner.Partition, run.Id);
            var outcome = await store.EndUnreadAsync(reference.Partition, reference.RunId, RunError.ContentUnreadable, time.GetUtcNow(), cancellationToken);
            await endings().AnnounceAsync(reference, outcome, cancellationToken);
            return null;
        }
    }

    private async Task<Run?> EndReadableAsync(RunHead overdue, CancellationToken cancellationToken)
    {
        var reference = new RunReference(overdue.Caller.Owner.Partition, overdue.Id);
        if (await store.LoadAsync(reference.Partition, reference.RunId, cancellationToken) is not var (run, entries))
        {
            return null;
        }

        if (!IsOverdue(run))
        {
            return run;
        }

        // Under the version that was read: a driver that takes it up just now is faster, or too late.
        var transcript = new Transcript([], entries);
        var end = RunEnd.Of(run with { Epoch = run.Epoch + 1 }, transcript, StopReason.Deadline, time.GetUtcNow());
        var ended = await store.EndAsync(end, transcript, cancellationToken) ?? throw new ContendedException();
        await endings().AnnounceAsync(reference, SliceOutcome.Ended(ended), cancellationToken);
        return ended;
    }

    private bool IsOverdue(RunHead run)
    {
        var now = time.GetUtcNow();
        return !run.IsTerminal && now >= run.Deadline && now >= run.LeaseUntil;
    }
}
