using Azure;
using Azure.Data.Tables;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Runs.Store;

/// <summary>One transaction of several starts of an owner, attempted until it is committed or cannot be.</summary>
/// <param name="companion">What starts of one conversation share; null where there is none.</param>
internal sealed class StartTransaction(StorageClients storage, QuotaCompanion quotas, IStartingCompanion? companion, string partition)
{
    /// <summary>Whether storage may yet carry out what it was asked: it gave no answer, or none in time.</summary>
    public bool IsInDoubt { get; private set; }

    /// <summary>Why the last attempt was lost; null where it was not.</summary>
    public ContendedException? Lost { get; private set; }

    /// <returns>Those that are to be tried again.</returns>
    /// <exception cref="ContendedException">Others have changed the same rows; nothing was started.</exception>
    /// <exception cref="IndivisibleStartsException">They cannot be one transaction.</exception>
    public async Task<List<PendingStart>> CommitAsync(List<PendingStart> group, CancellationToken cancellationToken)
    {
        Lost = null;
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var decision = await DecideAsync(group, cancellationToken);
        if (decision.Change is not null)
        {
            try
            {
                await SubmitAsync(table, decision, decision.Change, cancellationToken);
            }
            catch (RequestFailedException failure) when (IsContended(failure))
            {
                Forget(group);
                return AfterConflict(group, decision, failure);
            }
            catch (Exception failure)
            {
                Forget(group);
                IsInDoubt = StorageOutage.Passes(failure);
                throw IsInDoubt || group.Count == 1 ? failure : new IndivisibleStartsException(failure);
            }
        }

        decision.Refused.ForEach(refused => refused.Pending.Fail(refused.Why));
        return decision.Later;
    }

    /// <summary>Admits them one after the other: first the conversation says whether a run is next, then the quota whether there is room.</summary>
    private async Task<Decision> DecideAsync(List<PendingStart> group, CancellationToken cancellationToken)
    {
        List<(PendingStart Pending, ProblemException Why)> overQuota = [];
        while (true)
        {
            var candidates = group.Where(pending => overQuota.All(refused => refused.Pending != pending)).ToList();
            var together = await JoinAsync([.. candidates.Select(pending => pending.Run)], cancellationToken);
            var joined = candidates.Zip(together.Starts, (pending, start) => (Pending: pending, Start: start)).ToList();
            var admitted = joined.Where(one => one.Start.Run is not null).ToList();
            var (starts, change) = await quotas.OnStartsAsync(
                partition, [.. admitted.Select(one => one.Pending.Start with { Run = one.Start.Run! })], cancellationToken);
            var refused = admitted.Zip(starts).Where(one => one.Second.Refusal is not null).ToList();
            if (refused.Count == 0)
            {
                return new Decision(
                    [.. admitted.Zip(starts, (one, start) => new Admitted(one.Pending, start.Run!, [.. one.Pending.Rows, .. one.Start.Rows]))],
                    together,
                    change,
                    [.. overQuota, .. joined.Where(one => one.Start.Refusal is not null).Select(one => (one.Pending, one.Start.Refusal!))],
                    [.. joined.Where(one => one.Start is { Run: null, Refusal: null }).Select(one => one.Pending)]);
            }

            // Without it the next one may not have to wait for it, and then needs room itself.
            overQuota.AddRange(refused.Select(one => (one.First.Pending, (ProblemException)one.Second.Refusal!)));
        }
    }

    private async ValueTask<StartsTogether> JoinAsync(IReadOnlyList<Run> runs, CancellationToken cancellationToken) => companion is null
        ? new StartsTogether([.. runs.Select(run => new OneStart(run, []))], [], State: null)
        : await companion.OnStartsAsync(partition, runs, cancellationToken);

    private async Task SubmitAsync(TableClient table, Decision decision, QuotaChange change, CancellationToken cancellationToken)
    {
        foreach (var (_, run, own) in decision.Admitted)
        {
            RunRow.WriteState(run, (TableEntity)own[0].Entity);
            foreach (var listed in own.Select(row => row.Entity).Where(row => row.RowKey.StartsWith(RowKeys.ListPrefix, StringComparison.Ordinal)))
            {
                listed.RowKey = RowKeys.ListEntry(run.CreatedAt, run.Id);
            }
        }

        var rows = decision.Admitted.SelectMany(start => start.Rows).ToList();
        var shared = decision.Together.Rows;
        var versions = await TableTransactions.SubmitAsync(table, [.. rows, .. shared, .. change.Rows], cancellationToken);
        quotas.Committed(change, versions[rows.Count + shared.Count]);
        companion?.Committed(decision.Together, versions.GetRange(rows.Count, shared.Count));
        var first = 0;
        foreach (var (pending, run, own) in decision.Admitted)
        {
            pending.Complete(run with { ETag = versions[first], QuotaRequest = null });
            first += own.Count;
        }
    }

    private void Forget(List<PendingStart> group)
    {
        quotas.Forget(partition);
        companion?.Forget(partition, group.Select(pending => pending.Run));
    }

    private List<PendingStart> AfterConflict(List<PendingStart> group, Decision decision, RequestFailedException failure)
    {
        if ((failure as TableTransactionFailedException)?.FailedTransactionActionIndex is not { } index)
        {
            if (group is not [var single])
            {
                throw new IndivisibleStartsException(failure);
            }

            // As it does not say which row it was, it is taken for the run's own.
            single.Complete(null);
            return [];
        }

        foreach (var (pending, _, rows) in decision.Admitted)
        {
            if (index < rows.Count)
            {
                pending.Complete(null);
                return [.. group.Where(other => other != pending)];
            }

            index -= rows.Count;
        }

        // The quota's own row, or a conversation's: another instance changed it.
        throw Lost = new ContendedException(failure);
    }

    /// <param name="Rows">The run's own, its row first, and those that conversations add.</param>
    private readonly record struct Admitted(PendingStart Pending, Run Run, IReadOnlyList<TableTransactionAction> Rows);

    /// <param name="Change">Null where nothing is to be written.</param>
    /// <param name="Later">Those that wait for the next transaction.</param>
    private sealed record Decision(
        List<Admitted> Admitted,
        StartsTogether Together,
        QuotaChange? Change,
        List<(PendingStart Pending, ProblemException Why)> Refused,
        List<PendingStart> Later);
}

/// <summary>Starts that cannot be one transaction, each of which may be one by itself.</summary>
internal sealed class IndivisibleStartsException(Exception cause) : Exception("The starts cannot be one transaction.", cause);
