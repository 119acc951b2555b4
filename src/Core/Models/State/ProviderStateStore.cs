using Azure;
using Azure.Data.Tables;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Models.State;

/// <summary>The Providers table: one row for each provider whose breaker ever left its closed state.</summary>
internal sealed class ProviderStateStore(StorageClients storage)
{
    private const int SchemaVersion = 1;
    private const string Partition = "provider";

    // No storage request of the state's may hold up the next one for the minutes that the client's own retries take.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <summary>All rows, in one request; those that a later version writes and this one cannot read are left out.</summary>
    public async Task<IReadOnlyList<(ProviderState State, ETag Version)>> ReadAsync(CancellationToken cancellationToken)
    {
        using var bounded = Bounded(cancellationToken);
        var table = await storage.GetProvidersTableAsync(bounded.Token);
        List<(ProviderState, ETag)> rows = [];
        await foreach (var row in table.QueryAsync<TableEntity>(
            entity => entity.PartitionKey == Partition, cancellationToken: bounded.Token))
        {
            if (Read(row) is { } state)
            {
                rows.Add((state, row.ETag));
            }
        }

        return rows;
    }

    public async Task WriteAsync(ProviderState state, CancellationToken cancellationToken)
    {
        using var bounded = Bounded(cancellationToken);
        var table = await storage.GetProvidersTableAsync(bounded.Token);
        await table.UpsertEntityAsync(Row(state), TableUpdateMode.Replace, bounded.Token);
    }

    /// <returns>False when the row has changed since <paramref name="version"/>.</returns>
    public async Task<bool> TryReplaceAsync(ProviderState state, ETag version, CancellationToken cancellationToken)
    {
        using var bounded = Bounded(cancellationToken);
        var table = await storage.GetProvidersTableAsync(bounded.Token);
        try
        {
            await table.UpdateEntityAsync(Row(state), version, TableUpdateMode.Replace, bounded.Token);
            return true;
        }
        catch (RequestFailedException failure) when (failure.Status is PreconditionFailed or NotFound)
        {
            return false;
        }
    }

    private static CancellationTokenSource Bounded(CancellationToken cancellationToken)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(Patience);
        return source;
    }

    private static TableEntity Row(ProviderState state) => new(Partition, state.Provider)
    {
        ["Schema"] = SchemaVersion,
        ["State"] = state.Breaker.ToString(),
        ["Since"] = state.Since,
        ["Until"] = state.Until,
        ["By"] = state.By,
        ["Reason"] = state.Reason,
    };

    private static ProviderState? Read(TableEntity row) =>
        StoredEnum.Read<BreakerState>(row.GetString("State")) is { } breaker
        && row.GetDateTimeOffset("Since") is { } since
        && row.GetDateTimeOffset("Until") is { } until
            ? new ProviderState(row.RowKey, breaker, since, until, row.GetString("By") ?? "", row.GetString("Reason") ?? "")
            : null;
}
