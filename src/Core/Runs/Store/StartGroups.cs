using Azure.Data.Tables;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Store;

/// <summary>Commits starts of one owner that come at the same time in one transaction: they share the write of the owner's quota.</summary>
/// <remarks>
/// <code>
///   start ──► waits ──► the first one that waits leads: it takes the owner's lock, and then all that wait by now along
///                       ├──► committed, or refused by a conversation or the quota: each is told its own
///                       ├──► one of them exists already: it is told so, the others try again
///                       ├──► another instance was faster: all try again, for a while
///                       ├──► the transaction is not possible: each by itself
///                       └──► no answer: each is told so, and written down, because storage may carry it out yet
/// </code>
/// While one transaction is on its way the next group gathers, so nobody waits for company. What conversations and the quota decide is
/// decided under the lock and told after the commit: a refusal may be owed to a start of the same group.
/// </remarks>
/// <param name="companion">What starts of one conversation share; null where there is none.</param>
/// <param name="lost">Told of starts whose outcome is not known.</param>
internal sealed class StartGroups(
    StorageClients storage, QuotaCompanion quotas, Contention contention, IStartingCompanion? companion = null, LostStarts? lost = null)
{
    /// <summary>How long a group tries; its transaction is no single request's to cancel.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <summary>Those that wait, by partition. An owner is in here as long as somebody leads.</summary>
    private readonly Dictionary<string, List<PendingStart>> _waiting = [];

    /// <summary>Commits a start, together with others.</summary>
    /// <param name="rows">The run's own, its row first.</param>
    /// <returns>The run as stored, or null when it exists already.</returns>
    /// <exception cref="LimitException">The owner's quota has no room for it.</exception>
    public async Task<Run?> CommitAsync(QuotaStart start, IReadOnlyList<TableTransactionAction> rows, CancellationToken cancellationToken)
    {
        var pending = new PendingStart(start, rows);
        var partition = start.Run.Caller.Owner.Partition;
        if (Enqueue(partition, pending) || await IsToLeadAsync(partition, pending, cancellationToken))
        {
            await LeadAsync(partition, pending, cancellationToken);
        }

        return await pending.Outcome.Task.WaitAsync(cancellationToken);
    }

    /// <returns>Whether nobody leads yet.</returns>
    private bool Enqueue(string partition, PendingStart pending)
    {
        lock (_waiting)
        {
            if (_waiting.TryGetValue(partition, out var waiting))
            {
                waiting.Add(pending);
                return false;
            }

            _waiting[partition] = [pending];
            return true;
        }
    }

    private async Task<bool> IsToLeadAsync(string partition, PendingStart pending, CancellationToken cancellationToken)
    {
        try
        {
            return await pending.Lead.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Withdraw(partition, pending);
            throw;
        }
    }

    /// <summary>A request that went away is not started, unless it is in a transaction already; if it was to lead, the next one does.</summary>
    private void Withdraw(string partition, PendingStart pending)
    {
        lock (_waiting)
        {
            if (_waiting.TryGetValue(partition, out var waiting))
            {
                waiting.Remove(pending);
            }
        }

        if (pending.Lead.Task is { IsCompletedSuccessfully: true, Result: true })
        {
            PassOn(partition);
        }
    }

    private async Task LeadAsync(string partition, PendingStart leader, CancellationToken cancellationToken)
    {
        try
        {
            using var patience = new CancellationTokenSource(Patience);
            var isMine = true;
            while (isMine)
            {
                using (await quotas.Locks.EnterAsync(partition, cancellationToken))
                {
                    var group = Take(partition);
                    await CommitAllAsync(partition, group, patience.Token);
                }

                isMine = !leader.Outcome.Task.IsCompleted;
            }
        }
        catch (Exception) when (!leader.Outcome.Task.IsCompleted)
        {
            lock (_waiting)
            {
                _waiting[partition].Remove(leader);
            }

            throw;
        }
        finally
        {
            PassOn(partition);
        }
    }

    private void PassOn(string partition)
    {
        lock (_waiting)
        {
            if (_waiting[partition] is [var next, ..])
            {
                next.Lead.TrySetResult(true);
            }
            else
            {
                _waiting.Remove(partition);
            }
        }
    }

    /// <summary>As many as one transaction takes, the first of them in any case. The same run twice would not be a transaction.</summary>
    private List<PendingStart> Take(string partition)
    {
        lock (_waiting)
        {
            var size = new TransactionSize();
            List<PendingStart> group = [];
            HashSet<string> runs = [];
            var waiting = _waiting[partition];
            waiting.Sort();
            while (waiting is [var next, ..] && size.TryAdd(next) && runs.Add(next.Run.Id))
            {
                waiting.RemoveAt(0);
                group.Add(next);
            }

            return group;
        }
    }

    /// <summary>Brings every one of a group to its outcome.</summary>
    private async Task CommitAllAsync(string partition, List<PendingStart> group, CancellationToken cancellationToken)
    {
        var transaction = new StartTransaction(storage, quotas, companion, partition);
        try
        {
            var left = group;
            await contention.RetryAsync(CommitLeftAsync, cancellationToken);

            async Task<bool> CommitLeftAsync()
            {
                while (left.Count > 0)
                {
                    left = await transaction.CommitAsync(left, cancellationToken);
                }

                return true;
            }
        }
        catch (IndivisibleStartsException)
        {
            foreach (var pending in group.Where(pending => !pending.Outcome.Task.IsCompleted))
            {
                await CommitAllAsync(partition, [pending], cancellationToken);
            }
        }
        catch (OperationCanceledException) when (transaction.Lost is { } lost)
        {
            // There was no time for another attempt.
            group.ForEach(pending => pending.Fail(Contention.ToOutage(lost)));
        }
        catch (Exception failure)
        {
            if (transaction.IsInDoubt)
            {
                lost?.Note(partition, group.Where(pending => !pending.Outcome.Task.IsCompleted).Select(pending => pending.Run.Id));
            }

            // Whatever it was, it is each one's own answer.
            group.ForEach(pending => pending.Fail(failure));
        }
    }

    /// <summary>How much of a transaction is taken.</summary>
    private sealed class TransactionSize
    {
        /// <summary>A conversation's row, its old and its new place in the list, the flag of the run that is interrupted.</summary>
        private const int EntitiesPerConversation = 4;

        private readonly HashSet<string> _conversations = [];
        private int _count;

        // The quota's row and that of a day that ended are in it too.
        private int _entities = 2;
        private int _bytes = 256 * 1024;

        public bool TryAdd(PendingStart next)
        {
            var entities = next.Rows.Count;
            if (next.Run.ConversationId is { } conversation)
            {
                // Its place in the list of the conversation's runs.
                entities += 1 + (_conversations.Add(conversation) ? EntitiesPerConversation : 0);
            }

            if (_count > 0 && (_entities + entities > TableTransactions.MaxEntities || _bytes + next.Size > TableTransactions.MaxBytes))
            {
                return false;
            }

            (_count, _entities, _bytes) = (_count + 1, _entities + entities, _bytes + next.Size);
            return true;
        }
    }
}
