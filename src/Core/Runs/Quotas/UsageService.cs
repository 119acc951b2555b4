using Azure.Data.Tables;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Storage;
using Yggdrasil.Users;

namespace Yggdrasil.Runs.Quotas;

/// <summary>What users have used, and how much of their rate is left.</summary>
public sealed class UsageService
{
    private readonly StorageClients _storage;
    private readonly QuotaLedger _ledger;
    private readonly UserLimits _limits;
    private readonly TimeProvider _time;

    internal UsageService(StorageClients storage, QuotaLedger ledger, UserLimits limits, TimeProvider time) =>
        (_storage, _ledger, _limits, _time) = (storage, ledger, limits, time);

    /// <summary>A user's limits and the use of the last days, as accounted for: a run is when it ends, waits or asks for more.</summary>
    /// <param name="days">How many, today included; from 1.</param>
    public async Task<Usage> GetAsync(Scope scope, int days, CancellationToken cancellationToken)
    {
        var partition = scope.Owner.Partition;
        var today = DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime);
        var table = await _storage.GetWorkTableAsync(cancellationToken);
        var (from, to) = (RowKeys.UsageOf(today.AddDays(1 - days)), RowKeys.EndOfPrefix(RowKeys.UsagePrefix));
        var range = TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {from} and RowKey lt {to}");

        // The current day first: should it end in between, the others have it too, and say what it came to.
        var current = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Quota, cancellationToken: cancellationToken);
        var earlier = await table.QueryAsync<TableEntity>(range, cancellationToken: cancellationToken).ToListAsync(cancellationToken);
        var used = (current.HasValue ? earlier.Prepend(current.Value!) : earlier)
            .Select(QuotaRow.ReadUsed).GroupBy(row => row.Day).ToDictionary(day => day.Key, day => day.Last().Meter);
        return new Usage(
            await _limits.FindAsync(scope.Owner, cancellationToken),
            [.. Enumerable.Range(0, days).Select(ago => Day(today.AddDays(-ago), used))]);
    }

    /// <summary>What is left of a user's rate; null where none is limited.</summary>
    /// <param name="agentId">
    /// The agent whose runs are started; of its limit, the user's and the API key's, the one with less left is told. Null where no agent
    /// is named: the user's and the key's.
    /// </param>
    public async Task<RateStatus?> FindRateAsync(Caller caller, string? agentId, CancellationToken cancellationToken)
    {
        var bounds = agentId is null
            ? await _limits.FindAsync(caller, cancellationToken)
            : await _limits.FindAsync(caller, agentId, cancellationToken);
        if (bounds.Scopes.All(scope => scope.Limits.RequestsPerMinute is null))
        {
            return null;
        }

        var state = (await _ledger.FindAsync(caller.Owner.Partition, cancellationToken)).State;
        var now = _time.GetUtcNow();
        return bounds.Scopes
            .Where(scope => scope.Limits.RequestsPerMinute is not null)
            .Select(scope => RateStatus.Of(state.Meter(scope.ScopeKey).Bucket, scope.Limits.RequestsPerMinute!.Value, now))
            .MinBy(status => status.Remaining);
    }

    /// <summary>What is left of a user's tokens of the day; null where they are not limited.</summary>
    public async Task<TokenStatus?> FindTokensAsync(Caller caller, CancellationToken cancellationToken)
    {
        var bounds = await _limits.FindAsync(caller, cancellationToken);
        if (bounds.Scopes.All(scope => scope.Limits.TokensPerDay is null))
        {
            return null;
        }

        var now = _time.GetUtcNow();
        return (await _ledger.FindAsync(caller.Owner.Partition, cancellationToken)).State.At(now).TokensLeft(now, bounds);
    }

    /// <summary>Counts a request that changes what is stored, and starts no run, against its caller's rate.</summary>
    /// <exception cref="RateLimitedException">The caller has made as many as allowed.</exception>
    public async Task CountWriteAsync(Caller caller, CancellationToken cancellationToken)
    {
        var bounds = await _limits.FindAsync(caller, cancellationToken);
        if (bounds.Scopes.Any(scope => scope.Limits.RequestsPerMinute is not null))
        {
            // No run is reserved for, so nothing is looked for under its id.
            await _ledger.ChangeAsync(caller.Owner.Partition, runId: "", (state, now) => state.Count(now, bounds), cancellationToken);
        }
    }

    private static UsageDay Day(DateOnly date, Dictionary<DateOnly, QuotaMeter> used)
    {
        var meter = used.GetValueOrDefault(date);
        return new UsageDay(date, meter.Used.Tokens, meter.Requests, meter.Used.CostUsd);
    }
}
