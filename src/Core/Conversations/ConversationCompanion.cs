using System.Collections.Concurrent;
using Azure;
using Azure.Data.Tables;
using Yggdrasil.Runs;
using Yggdrasil.Storage;

namespace Yggdrasil.Conversations;

/// <summary>Keeps one active run to a conversation, and its log, in the transactions of the runs themselves.</summary>
/// <remarks>
/// <code>
///   start:  nobody active ──► active = run, which is shown the log so far
///           somebody is   ──► refused, or queue = …, run (interrupt: run, …, and the active one's cancel flag is set)
///   end:    was active    ──► its exchange is appended, active = next of the queue
///           was waiting   ──► it leaves the queue
/// </code>
/// A run that began with its turn keeps it until it ends, so only one that had to wait ever asks for it.
/// </remarks>
internal sealed class ConversationCompanion(
    ConversationMemory memory, ConversationLog log, HistoryCache histories, TimeProvider time) : IRunCompanion
{
    /// <summary>More transactions than are under way in one process.</summary>
    private const int MaxProposed = 10_000;

    /// <summary>What the transaction of a run, by its id, is about to write. One that is refused elsewhere leaves its own behind.</summary>
    private readonly ConcurrentDictionary<string, Proposal> _proposed = new();

    public async ValueTask<CompanionChange> OnStartAsync(Run run, CancellationToken cancellationToken)
    {
        if (run.ConversationId is not { } id)
        {
            return CompanionChange.None(run);
        }

        var partition = run.Caller.Owner.Partition;
        var stored = await memory.FindFreeAsync(partition, id, cancellationToken);
        if (stored is not null && ConversationTurns.IsOf(stored, run))
        {
            // The run's own rows are there: they will say so.
            return CompanionChange.None(run);
        }

        if (stored is not null)
        {
            ConversationTurns.RequireRoom(stored, run);
        }

        var now = time.GetUtcNow();
        var before = stored ?? new Conversation { Id = id, Owner = run.Caller.Owner, CreatedAt = now, UpdatedAt = now, AgentId = run.AgentId };
        var touched = before with { UpdatedAt = now, AgentId = run.AgentId, RetentionDays = run.Agent.RetentionDays };
        var index = new TableEntity(partition, RowKeys.ConversationRun(id, run.CreatedAt, run.Id))
        {
            ["RunId"] = run.Id,
            ["AgentId"] = run.AgentId,
        };
        List<TableTransactionAction> others = [new(TableTransactionActionType.Add, index)];
        if (touched.ActiveRun is null)
        {
            return Change(run with { History = touched.History }, stored, touched with { ActiveRun = run.Id }, others);
        }

        if (run.OnConflict == OnConflict.Interrupt)
        {
            // In the same transaction: whoever is told that the run waits can rely on the other one ending.
            var flag = new TableEntity(partition, RowKeys.Run(touched.ActiveRun)) { ["CancelRequested"] = true };
            others.Add(new(TableTransactionActionType.UpdateMerge, flag, ETag.All));
        }

        return Change(
            Waiting(run),
            stored,
            touched with { Queue = run.OnConflict == OnConflict.Interrupt ? [run.Id, .. touched.Queue] : [.. touched.Queue, run.Id] },
            others);
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
            return Change(ended with { AwaitsTurn = false }, stored, touched with { Queue = queue }, []);
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

        var (from, skip) = history.PlaceOf(before.Start, stored.Exchanges);
        touched = touched with { WindowFrom = from, WindowSkip = skip, HasSummary = before.Summary is not null };
        List<TableTransactionAction> changes = [appended];
        if (before.Summary is { } summary && (summary != history.Summary || from != stored.WindowFrom))
        {
            changes.AddRange(await log.SummariseAsync(
                partition, stored.Id, stored.HasSummary ? stored.WindowFrom : null, from, summary, cancellationToken));
        }

        return Change(ended, stored, touched, changes, history.Then(touched.History, before.Summary, shown));
    }

    /// <summary>A run that its request wanted to drive gives the lease of its start back: the one that is active comes first.</summary>
    private static Run Waiting(Run run) =>
        run with { AwaitsTurn = true, Status = RunStatus.Queued, StartedAt = null, LeaseUntil = DateTimeOffset.UnixEpoch };

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
        return new CompanionChange(run, [ConversationRow.Write(changed), .. Move(stored, changed), .. others]);
    }

    private static IEnumerable<TableTransactionAction> Move(Conversation? stored, Conversation changed)
    {
        var partition = changed.Owner.Partition;
        var place = RowKeys.ConversationListEntry(changed.UpdatedAt, changed.Id);
        var before = stored is null ? null : RowKeys.ConversationListEntry(stored.UpdatedAt, stored.Id);
        if (place == before)
        {
            yield break;
        }

        if (before is not null)
        {
            yield return new(TableTransactionActionType.Delete, new TableEntity(partition, before), ETag.All);
        }

        yield return new(TableTransactionActionType.Add, new TableEntity(partition, place));
    }

    /// <param name="NextHistory">What the next run is shown, where that is known.</param>
    private sealed record Proposal(Conversation Conversation, ConversationHistory? NextHistory);
}
