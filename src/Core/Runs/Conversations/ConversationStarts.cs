using Azure;
using Azure.Data.Tables;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Conversations;

/// <summary>Makes of starts that come at the same time one change of each conversation.</summary>
/// <remarks>
/// <code>
///   conversation as remembered ──► run ──► run ──► …      each sees what the one before it made of the conversation
///              │                    └──► refused ──► is that only remembered? ──► read it, and begin anew
///              └──► one row, one place in the list, at most one flag of the run that is interrupted
/// </code>
/// Each is created after whatever happened in the conversation before it, so that its runs go on in the order of lists.
/// A start that interrupts a run of the same transaction, and all that come after it, wait for the next one: a transaction takes each
/// row once.
/// </remarks>
internal sealed class ConversationStarts(ConversationMemory memory, TimeProvider time)
{
    /// <summary>What to do with starts of one owner.</summary>
    public async ValueTask<StartsTogether> JoinAsync(string partition, IReadOnlyList<Run> runs, CancellationToken cancellationToken)
    {
        HashSet<string> read = [];
        while (true)
        {
            Dictionary<string, Joining> joining = [];
            foreach (var id in runs.Select(run => run.ConversationId).OfType<string>().Distinct())
            {
                joining[id] = new Joining(await memory.FindAsync(partition, id, cancellationToken));
            }

            var now = time.GetUtcNow();
            List<OneStart> starts = [.. runs.Select(run => run.ConversationId is { } id ? Join(run, joining[id], now) : new OneStart(run, []))];
            var stale = runs.Zip(starts).Where(start => start.Second.Refusal is not null && read.Add(start.First.ConversationId!)).ToList();
            if (stale.Count == 0)
            {
                return new StartsTogether(starts, [.. joining.Values.SelectMany(Rows)], joining.Values.Where(one => one.IsChanged).ToList());
            }

            foreach (var (run, _) in stale)
            {
                // Nobody is refused because of what is only remembered.
                memory.Forget(partition, run.ConversationId!);
            }
        }
    }

    /// <summary>Remembers what <see cref="JoinAsync"/> made of conversations, now that it is stored.</summary>
    public void Committed(StartsTogether starts, IReadOnlyList<ETag> versions)
    {
        var first = 0;
        foreach (var one in (List<Joining>)starts.State!)
        {
            memory.Remember(one.Current! with { ETag = versions[first] });
            first += Rows(one).Count();
        }
    }

    /// <summary>What a start makes of its conversation.</summary>
    private static OneStart Join(Run run, Joining joining, DateTimeOffset now)
    {
        if (joining.Stored is { } stored && ConversationQueue.IsOf(stored, run))
        {
            // The run's own rows are there: they will say so.
            return new OneStart(run, []);
        }

        if (joining.IsFull || (run.OnConflict == OnConflict.Interrupt && joining.BeganHere))
        {
            joining.IsFull = true;
            return OneStart.Later;
        }

        try
        {
            if (joining.Current is { } current)
            {
                ConversationQueue.RequireRoom(current, run);
            }
        }
        catch (ConflictException refusal)
        {
            return OneStart.Refused(refusal);
        }

        var added = joining.Add(run, now);
        var index = new TableEntity(run.Caller.Owner.Partition, RowKeys.ConversationRun(run.ConversationId!, added.CreatedAt, run.Id))
        {
            ["RunId"] = run.Id,
            ["AgentId"] = run.AgentId,
        };
        return new OneStart(added, [new(TableTransactionActionType.Add, index)]);
    }

    private static IEnumerable<TableTransactionAction> Rows(Joining joining)
    {
        if (!joining.IsChanged)
        {
            yield break;
        }

        // The conversation first, so that its new version is the first of the answer.
        var changed = joining.Current!;
        yield return ConversationRow.Write(changed);
        foreach (var move in ConversationRow.Move(joining.Stored, changed))
        {
            yield return move;
        }

        if (joining.Interrupted is { } active)
        {
            // In the same transaction: whoever is told that the run waits can rely on the other one ending.
            var flag = new TableEntity(changed.Owner.Partition, RowKeys.Run(active)) { ["CancelRequested"] = true };
            yield return new(TableTransactionActionType.UpdateMerge, flag, ETag.All);
        }
    }

    /// <summary>A conversation while starts are added to it.</summary>
    private sealed class Joining(Conversation? stored)
    {
        private DateTimeOffset _last = stored?.UpdatedAt ?? DateTimeOffset.MinValue;

        public Conversation? Stored { get; } = stored;

        public Conversation? Current { get; private set; } = stored;

        /// <summary>Whether its active run is one of those that are added.</summary>
        public bool BeganHere { get; private set; }

        /// <summary>Whether it takes no more in this transaction.</summary>
        public bool IsFull { get; set; }

        /// <summary>The run whose flag is set.</summary>
        public string? Interrupted { get; private set; }

        public bool IsChanged => !ReferenceEquals(Stored, Current);

        /// <returns>The run as it is to be stored.</returns>
        public Run Add(Run run, DateTimeOffset now)
        {
            // Requests that come together overtake one another on their way here. Lists are in the order of this time, and runs are to be too.
            _last = run.CreatedAt > _last ? run.CreatedAt : _last.AddTicks(1);
            run = run with { CreatedAt = _last };
            var before = Current ?? new Conversation
            {
                Id = run.ConversationId!,
                Owner = run.Caller.Owner,
                CreatedAt = now,
                UpdatedAt = now,
                AgentId = run.AgentId,
            };
            var touched = before with { UpdatedAt = now, AgentId = run.AgentId, RetentionDays = run.Agent.RetentionDays };
            if (touched.ActiveRun is null)
            {
                touched = run.BeginsAnew ? touched with { WindowFrom = touched.Exchanges, WindowSkip = 0, HasSummary = false } : touched;
                (Current, BeganHere) = (touched with { ActiveRun = run.Id }, true);
                return run with { History = touched.History };
            }

            if (run.OnConflict == OnConflict.Interrupt)
            {
                Interrupted = touched.ActiveRun;
            }

            Current = touched with { Queue = run.OnConflict == OnConflict.Interrupt ? [run.Id, .. touched.Queue] : [.. touched.Queue, run.Id] };
            return Waiting(run);
        }

        /// <summary>A run that its request wanted to drive gives the lease of its start back: the one that is active comes first.</summary>
        private static Run Waiting(Run run) =>
            run with { IsEnqueued = true, Status = RunStatus.Queued, StartedAt = null, LeaseUntil = DateTimeOffset.UnixEpoch };
    }
}
