using System.Collections.Concurrent;
using Azure;
using Azure.Data.Tables;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Limits;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Runs.Quotas;

/// <summary>A quota as it was read or written.</summary>
/// <param name="Version">Of its row; default where there is none yet.</param>
/// <param name="SeenAt">When, as a timestamp.</param>
internal sealed record KnownQuota(QuotaState State, ETag Version, long SeenAt);

/// <summary>The quotas of owners, in their rows, and as this process last saw them: most changes need no read.</summary>
/// <remarks>
/// What is stale does no harm: a change is written under the version it was made from, so its transaction fails and the quota
/// is read anew. Nobody is refused because of what is only remembered.
/// </remarks>
internal sealed class QuotaLedger(StorageClients storage, Contention contention, TimeProvider time)
{
    /// <summary>More owners than are active in one process at a time.</summary>
    private const int MaxKnown = 10_000;

    /// <summary>For so long a refusal is believed without a read, so that a storm of requests is not one of reads.</summary>
    private static readonly TimeSpan Recent = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<string, KnownQuota> _known = new();

    /// <summary>Within this process, those who change an owner's quota go one after the other.</summary>
    public OwnerLocks Locks { get; } = new();

    /// <summary>The quota as remembered, or else as stored.</summary>
    public async ValueTask<KnownQuota> FindAsync(string partition, CancellationToken cancellationToken) =>
        _known.TryGetValue(partition, out var known) ? known : await ReadAsync(partition, cancellationToken);

    /// <summary>Decides on the quota as remembered; where that refuses, as stored.</summary>
    /// <param name="decide">Given the quota as it is now.</param>
    public async Task<(KnownQuota Before, T Decision)> DecideAsync<T>(
        string partition, Func<QuotaState, DateTimeOffset, T> decide, Func<T, bool> isRefused, CancellationToken cancellationToken)
    {
        var known = await FindAsync(partition, cancellationToken);
        var now = time.GetUtcNow();
        var decision = decide(known.State.At(now), now);
        if (isRefused(decision) && time.GetElapsedTime(known.SeenAt) > Recent)
        {
            known = await ReadAsync(partition, cancellationToken);
            decision = decide(known.State.At(now), now);
        }

        return (known, decision);
    }

    /// <summary>Changes a quota by itself, for a run that has no row of its own to change with it.</summary>
    /// <param name="change">Changes what is reserved for <paramref name="runId"/>: that tells whether a change is stored whose answer was lost.</param>
    /// <returns>The quota as stored.</returns>
    /// <exception cref="LimitException">The change was refused; nothing was written.</exception>
    public async Task<QuotaState> ChangeAsync(
        string partition,
        string runId,
        Func<QuotaState, DateTimeOffset, (QuotaState Next, QuotaRefusal? Refusal)> change,
        CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        (DateTimeOffset? Before, DateTimeOffset? Next)? sent = null;
        return await contention.RetryAsync(AttemptAsync, cancellationToken);

        async Task<QuotaState> AttemptAsync()
        {
            using (await Locks.EnterAsync(partition, cancellationToken))
            {
                if (sent is var (had, wanted) && had != wanted
                    && (await FindAsync(partition, cancellationToken)).State is var stored && stored.Find(runId)?.Until == wanted)
                {
                    return stored;
                }

                var (before, (next, refusal)) = await DecideAsync(partition, change, decision => decision.Refusal is not null, cancellationToken);
                if (refusal is not null)
                {
                    throw refusal.ToException();
                }

                try
                {
                    var versions = await TableTransactions.SubmitAsync(
                        table, QuotaRow.Write(partition, next, before.Version), cancellationToken);
                    Remember(partition, next, versions[0]);
                    return next;
                }
                catch (RequestFailedException failure) when (IsContended(failure))
                {
                    Forget(partition);
                    sent = (before.State.Find(runId)?.Until, next.Find(runId)?.Until);
                    throw new ContendedException(failure);
                }
            }
        }
    }

    /// <summary>Accounts for what a run has used whose row is about to go, and frees what it holds.</summary>
    /// <remarks>Should the run end by itself just then, it is counted twice, which is better than not at all.</remarks>
    public async Task AbandonAsync(RunHead run, CancellationToken cancellationToken)
    {
        var used = run.Quota.Unaccounted(run.Usage.Amount);
        if (run.Quota.IsHeld || used != default)
        {
            await ChangeAsync(
                run.Caller.Owner.Partition,
                run.Id,
                (state, _) => (state.Release(BoundsOf(state.Find(run.Id)), run.Id, used), null),
                cancellationToken);
        }
    }

    private static QuotaBounds BoundsOf(Reservation? held) => QuotaBounds.ToCountOnly(held?.AgentKey, held?.ApiKey);

    /// <summary>Removes a quota that nobody has used today.</summary>
    public async Task RemoveEndedAsync(string partition, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Quota, cancellationToken: cancellationToken);
        if (!found.HasValue || !QuotaRow.IsKnown(found.Value!) || QuotaRow.ReadUsed(found.Value!).Day >= DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime))
        {
            return;
        }

        try
        {
            await table.DeleteEntityAsync(partition, RowKeys.Quota, found.Value!.ETag, cancellationToken);
            Forget(partition);
        }
        catch (RequestFailedException failure) when (failure.Status == PreconditionFailed)
        {
            // The owner has just come back.
        }
    }

    /// <summary>A transaction that made the quota <paramref name="state"/> was committed.</summary>
    public void Remember(string partition, QuotaState state, ETag version)
    {
        if (_known.Count >= MaxKnown)
        {
            _known.Clear();
        }

        _known[partition] = new KnownQuota(state with { Closed = null }, version, time.GetTimestamp());
    }

    public void Forget(string partition) => _known.TryRemove(partition, out _);

    private async Task<KnownQuota> ReadAsync(string partition, CancellationToken cancellationToken)
    {
        var before = _known.GetValueOrDefault(partition);
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var seenAt = time.GetTimestamp();
        var found = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Quota, cancellationToken: cancellationToken);
        var read = found.HasValue
            ? new KnownQuota(QuotaRow.Read(found.Value!), found.Value!.ETag, seenAt)
            : new KnownQuota(new QuotaState(), default, seenAt);

        // Who wrote meanwhile knows better.
        if (before is null ? _known.TryAdd(partition, read) : _known.TryUpdate(partition, read, before))
        {
            return read;
        }

        return _known.GetValueOrDefault(partition) ?? read;
    }
}
