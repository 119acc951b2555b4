using Azure;
using Azure.Data.Tables;
using Yggdrasil.Limits;
using Yggdrasil.Problems;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Runs;

/// <summary>Commits starts of one owner that come at the same time in one transaction: they share the write of the owner's quota.</summary>
/// <remarks>
/// <code>
///   start ──► waits ──► the first one that waits leads: it takes the owner's turn, and then all that wait by now along
///                       ├──► committed, or refused by the quota: each is told its own
///                       ├──► one of them exists already: it is told so, the others try again
///                       └──► the transaction is not possible: each by itself
/// </code>
/// While one transaction is on its way the next group gathers, so nobody waits for company.
/// </remarks>
internal sealed class StartGroups(StorageClients storage, QuotaCompanion quotas)
{
    private const int MaxAttempts = 30;

    /// <summary>How long a group tries; its transaction is no single request's to cancel.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

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
            return await pending.Turn.Task.WaitAsync(cancellationToken);
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

        if (pending.Turn.Task is { IsCompletedSuccessfully: true, Result: true })
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
                using (await quotas.Turns.EnterAsync(partition, cancellationToken))
                {
                    var group = Take(partition);
                    await CommitAllAsync(partition, group, patience.Token);
                }

                isMine = !leader.Outcome.Task.IsCompleted;
            }
        }
        catch (OperationCanceledException) when (!leader.Outcome.Task.IsCompleted)
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
                next.Turn.TrySetResult(true);
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
            // The quota's row and that of a day that ended are in it too.
            var (entities, bytes) = (2, 256 * 1024);
            List<PendingStart> group = [];
            HashSet<string> runs = [];
            var waiting = _waiting[partition];
            while (waiting is [var next, ..]
                && (group.Count == 0
                    || (entities + next.Rows.Count <= TableTransactions.MaxEntities && bytes + next.Size <= TableTransactions.MaxBytes))
                && runs.Add(next.Start.Run.Id))
            {
                waiting.RemoveAt(0);
                group.Add(next);
                entities += next.Rows.Count;
                bytes += next.Size;
            }

            return group;
        }
    }

    /// <summary>Brings every one of a group to its outcome.</summary>
    private async Task CommitAllAsync(string partition, List<PendingStart> group, CancellationToken cancellationToken)
    {
        try
        {
            var left = group;
            for (var attempt = 1; left.Count > 0; attempt++)
            {
                left = await CommitOnceAsync(partition, left, attempt, cancellationToken);
            }
        }
        catch (Exception failure)
        {
            // Whatever it was, it is each one's own answer.
            group.ForEach(pending => pending.Fail(failure));
        }
    }

    /// <returns>Those that are to be tried again.</returns>
    private async Task<List<PendingStart>> CommitOnceAsync(string partition, List<PendingStart> group, int attempt, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var (starts, change) = await quotas.OnStartsAsync(partition, [.. group.Select(pending => pending.Start)], cancellationToken);
        List<(PendingStart Pending, Run Run)> admitted = [];
        foreach (var (pending, (run, refusal)) in group.Zip(starts))
        {
            if (run is null)
            {
                pending.Fail(refusal!);
                continue;
            }

            RunRow.Write(run.Quota, (TableEntity)pending.Rows[0].Entity);
            admitted.Add((pending, run));
        }

        if (change is null)
        {
            return [];
        }

        try
        {
            var rows = admitted.SelectMany(start => start.Pending.Rows).ToList();
            var versions = await TableTransactions.SubmitAsync(table, [.. rows, .. change.Rows], cancellationToken);
            quotas.Committed(change, versions[rows.Count]);
            var first = 0;
            foreach (var (pending, run) in admitted)
            {
                pending.Complete(run with { ETag = versions[first], QuotaAsk = null });
                first += pending.Rows.Count;
            }

            return [];
        }
        catch (RequestFailedException failure)
        {
            quotas.Forget(partition);
            return await AfterFailureAsync(partition, [.. admitted.Select(start => start.Pending)], failure, attempt, cancellationToken);
        }
    }

    private async Task<List<PendingStart>> AfterFailureAsync(
        string partition, List<PendingStart> group, RequestFailedException failure, int attempt, CancellationToken cancellationToken)
    {
        var isConflict = failure.Status is PreconditionFailed or NotFound or Conflict;
        if (isConflict && IndexOf(failure) is { } index)
        {
            foreach (var pending in group)
            {
                if (index < pending.Rows.Count)
                {
                    pending.Complete(null);
                    return [.. group.Where(other => other != pending)];
                }

                index -= pending.Rows.Count;
            }

            if (attempt >= MaxAttempts)
            {
                throw failure;
            }

            // The quota's own row: another instance changed it. Jitter keeps the two from meeting again and again.
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, 5 * attempt)), cancellationToken);
            return group;
        }

        if (group is [var single])
        {
            if (!isConflict)
            {
                throw failure;
            }

            // As it does not say which row it was, it is taken for the run's own.
            single.Complete(null);
            return [];
        }

        foreach (var pending in group)
        {
            await CommitAllAsync(partition, [pending], cancellationToken);
        }

        return [];
    }

    private static int? IndexOf(RequestFailedException failure) =>
        (failure as TableTransactionFailedException)?.FailedTransactionActionIndex;
}
