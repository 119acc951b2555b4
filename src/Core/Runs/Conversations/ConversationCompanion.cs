using System.Collections.Concurrent;
using Azure;
using Azure.Data.Tables;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Runs.Conversations;

/// <summary>Keeps one active run to a conversation, and its log, in the transactions of the runs themselves.</summary>
/// <remarks>
/// <code>
///   start:  nobody active ──► active = run, which is shown the log so far
///           somebody is   ──► refused, or queue = …, run (interrupt: run, …, and the active one's cancel flag is set)
///   end:    was active    ──► its exchange is appended, active = next of the queue
///           was waiting   ──► it leaves the queue
/// </code>
/// A run that began as the active one stays active until it ends, so only one that had to wait ever asks for it.
/// </remarks>
internal sealed class ConversationCompanion(
    ConversationMemory memory, ConversationStarts starts, ConversationLog log, HistoryCache histories, TimeProvider time) : IStartingCompanion
{
    /// <summary>More transactions than are under way in one process.</summary>
    private const int MaxProposed = 10_000;

    /// <summary>What the transaction of a run, by its id, is about to write. One that is refused elsewhere leaves its own behind.</summary>
    private readonly ConcurrentDictionary<string, Proposal> _proposed = new();

    public async ValueTask<CompanionChange> OnStartAsync(Run run, CancellationToken cancellationToken)
    {
        if (run.ConversationId is null)
        {
            return CompanionChange.None(run);
        }

        var joined = await starts.JoinAsync(run.Caller.Owner.Partition, [run], cancellationToken);
        var (started, rows, refusal) = joined.Starts[0];

        // Outside of a group nobody says which version this becomes.
        memory.Forget(run.Caller.Owner.Partition, run.ConversationId);
        return started is null ? throw refusal! : new CompanionChange(started, [.. joined.Rows, .. rows]);
    }

    public ValueTask<StartsTogether> OnStartsAsync(string partition, IReadOnlyList<Run> runs, CancellationToken cancellationToken) =>
        starts.JoinAsync(partition, runs, cancellationToken);

    public void Committed(StartsTogether together, IReadOnlyList<ETag> versions) => starts.Committed(together, versions);

    public void Forget(string partition, IEnumerable<Run> runs)
    {
        foreach (var id in runs.Select(run => run.ConversationId).OfType<string>().Distinct())
        {
            memory.Forget(partition, id);
        }
    }

    public async ValueTask<CompanionChange> OnCommitAsync(Run next, CancellationToken cancellationToken) =>
        next is { IsTerminal: true, ConversationId: not null }
            ? await EndAsync(next, before: null, last: [], cancellationToken)
            : CompanionChange.None(next);

    public async ValueTask<CompanionChange> OnEndAsync(
        Run ended, Transcript before, IReadOnlyList<JournalEntry> last, CancellationToken cancellationToken) =>
        ended.ConversationId is null
            ? CompanionChange.None(ended)
            : await EndAsync(ended, before, last, cancellationToken);

    public void Committed(Run run, IReadOnlyList<ETag> versions)
    {
        if (_proposed.TryRemove(run.Id, out var proposal))
        {
            var conversation = proposal.Conversation;
            memory.Remember(conversation with { ETag = versions[0] });
            if (proposal.NextHistory is { } history)
            {
                histories.Add(conversation.Owner.Partition, conversation.Id, conversation.History, history);
            }
        }
    }

    public void Forget(Run run)
    {
        _proposed.TryRemove(run.Id, out _);
        if (run.ConversationId is { } id)
        {
            memory.Forget(run.Caller.Owner.Partition, id);
        }
    }

    /// <param name="before">The run's journal; null where it cannot be read.</param>
    private async ValueTask<CompanionChange> EndAsync(
        Run ended, Transcript? before, IReadOnlyList<JournalEntry> last, CancellationToken cancellationToken)
    {
        var stored = await memory.FindAsync(ended.Caller.Owner.Partition, ended.ConversationId!, cancellationToken);
        if (stored is null)
        {
            return CompanionChange.None(ended);
        }

        var touched = stored with { UpdatedAt = time.GetUtcNow() };
        if (stored.ActiveRun != ended.Id)
        {
            var queue = stored.Queue.Where(waiting => waiting != ended.Id).ToList();
            return Change(ended with { IsEnqueued = false }, stored, touched with { Queue = queue }, []);
        }

        var next = stored.Queue.Count > 0 ? stored.Queue[0] : null;
        touched = touched with { ActiveRun = next, Queue = [.. stored.Queue.Skip(1)] };
        return before is null
            ? Change(ended with { NextRun = next }, stored, touched, [])
            : await AppendAsync(ended with { NextRun = next }, stored, touched, before, last, cancellationToken);
    }

    private async ValueTask<CompanionChange> AppendAsync(
        Run ended,
        Conversation stored,
        Conversation touched,
        Transcript before,
        IReadOnlyList<JournalEntry> last,
        CancellationToken cancellationToken)
    {
        var partition = stored.Owner.Partition;
        var exchange = Exchange.Of(ended, stored.Exchanges, [.. before.Entries, .. last]);
        var (appended, shown) = await log.AppendAsync(partition, stored.Id, exchange, cancellationToken);
        touched = touched with { Exchanges = stored.Exchanges + 1, Messages = stored.Messages + exchange.Messages.Count };
        if (before.History is not { } history)
        {
            // Nobody asked a model, so what models are shown has not moved.
            return Change(ended, stored, touched, [appended]);
        }

        var (from, skip) = history.PositionOf(before.Start, stored.Exchanges);
        touched = touched with { WindowFrom = from, WindowSkip = skip, HasSummary = before.Summary is not null };
        List<TableTransactionAction> changes = [appended];
        if (before.Summary is { } summary && (summary != history.Summary || from != stored.WindowFrom))
        {
            changes.AddRange(await log.SummariseAsync(
                partition, stored.Id, stored.HasSummary ? stored.WindowFrom : null, from, summary, cancellationToken));
        }

        return Change(ended, stored, touched, changes, history.Then(touched.History, before.Summary, shown));
    }

    /// <summary>Writes the conversation first, so that its new version is the first of the answer.</summary>
    private CompanionChange Change(
        Run run, Conversation? stored, Conversation changed, List<TableTransactionAction> others, ConversationHistory? nextHistory = null)
    {
        if (_proposed.Count >= MaxProposed)
        {
            // What is forgotten here is read again when it is needed.
            _proposed.Clear();
        }

        _proposed[run.Id] = new Proposal(changed, nextHistory);
        return new CompanionChange(run, [ConversationRow.Write(changed), .. ConversationRow.Move(stored, changed), .. others]);
    }

    /// <param name="NextHistory">What the next run is shown, where that is known.</param>
    private sealed record Proposal(Conversation Conversation, ConversationHistory? NextHistory);
}
