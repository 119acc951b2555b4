using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.AI;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Work.Batches;

/// <summary>The items of batches, in a table of their own: so many in one partition must not slow down their owner's runs.</summary>
/// <remarks>
/// <code>
/// head            how many items are where; changes in the same transactions as the items
/// item!{index}    an item
/// </code>
/// </remarks>
internal sealed class BatchItemStore(StorageClients storage, ContentVault vault, UnknownValues unknown)
{
    /// <summary>Items in one transaction: one of its entities is the head.</summary>
    public const int MaxPerCommit = TableTransactions.MaxEntities - 1;

    private const string HeadKey = "head";
    private const string ItemPrefix = "item!";
    private const string Input = "Input";
    private const string State = "State";

    /// <summary>Writes items of an upload that nothing refers to yet, in as few transactions as they fit into.</summary>
    /// <param name="first">The index of the first of them.</param>
    public async Task AddAsync(string items, int first, IReadOnlyList<NewBatchItem> added, CancellationToken cancellationToken)
    {
        var table = await storage.GetBatchItemsTableAsync(cancellationToken);
        List<TableTransactionAction> actions = [];
        var bytes = 0;
        foreach (var (offset, item) in added.Index())
        {
            var row = new TableEntity(items, KeyOf(first + offset))
            {
                ["ItemId"] = item.Id,
                [State] = nameof(BatchItemState.Pending),
                ["Round"] = 1,
            };
            var content = JsonSerializer.SerializeToUtf8Bytes(item.Input, StoredJson.Options);
            row[Input] = await vault.SealAsync(content, Address(row), cancellationToken);

            // Not as new ones: storage may answer its own success a second time, and nobody else writes here.
            var action = new TableTransactionAction(TableTransactionActionType.UpsertReplace, row);
            var size = TableTransactions.SizeOf(action);
            if (actions.Count > 0 && bytes + size > TableTransactions.MaxBytes)
            {
                await table.SubmitTransactionAsync(actions, cancellationToken);
                (actions, bytes) = ([], 0);
            }

            bytes += size;
            actions.Add(action);
        }

        await table.SubmitTransactionAsync(actions, cancellationToken);
    }

    public async Task AddHeadAsync(string items, BatchHead head, CancellationToken cancellationToken)
    {
        var table = await storage.GetBatchItemsTableAsync(cancellationToken);
        await table.UpsertEntityAsync(head.Write(items, HeadKey), TableUpdateMode.Replace, cancellationToken);
    }

    /// <summary>Null when the items are gone.</summary>
    public async Task<BatchHead?> FindHeadAsync(string items, CancellationToken cancellationToken)
    {
        var table = await storage.GetBatchItemsTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(items, HeadKey, cancellationToken: cancellationToken);
        return found.HasValue ? BatchHead.Read(found.Value!) : null;
    }

    /// <summary>Items in order.</summary>
    /// <param name="state">Only those in this state; null for all.</param>
    /// <param name="withInput">Whether they are read with their input, still protected.</param>
    public async IAsyncEnumerable<BatchItem> ListAsync(
        string items, int from, BatchItemState? state, bool withInput, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var table = await storage.GetBatchItemsTableAsync(cancellationToken);
        var range = RowKeys.Range(items, KeyOf(from), RowKeys.EndOfPrefix(ItemPrefix));
        if (state is { } only)
        {
            range += " and " + TableClient.CreateQueryFilter($"State eq {only.ToString()}");
        }

        await foreach (var row in table.QueryAsync<TableEntity>(range, MaxPerCommit, withInput ? [.. Properties, Input] : Properties, cancellationToken))
        {
            yield return Read(row);
        }
    }

    public async Task<BatchItem?> FindAsync(string items, int index, CancellationToken cancellationToken)
    {
        var table = await storage.GetBatchItemsTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(items, KeyOf(index), Properties, cancellationToken);
        return found.HasValue ? Read(found.Value!) : null;
    }

    /// <param name="item">Read with its input.</param>
    /// <exception cref="ContentProtectionException">It cannot be trusted or read.</exception>
    public async Task<IReadOnlyList<ChatMessage>> OpenInputAsync(string items, BatchItem item, CancellationToken cancellationToken) =>
        await vault.OpenJsonAsync<List<ChatMessage>>(item.Input ?? [], Address(new TableEntity(items, KeyOf(item.Index))), cancellationToken);

    /// <summary>Commits what has become of items together with the head that counts them.</summary>
    /// <param name="changes">Each with the version of its item.</param>
    /// <returns>The head as stored; null when it or an item has changed since.</returns>
    public async Task<BatchHead?> CommitAsync(
        string items, BatchHead head, IReadOnlyList<(BatchItemResult Result, ETag Version)> changes, CancellationToken cancellationToken)
    {
        var table = await storage.GetBatchItemsTableAsync(cancellationToken);
        List<TableTransactionAction> actions = [new(TableTransactionActionType.UpdateMerge, head.Write(items, HeadKey), head.ETag)];
        actions.AddRange(changes.Select(change => new TableTransactionAction(
            TableTransactionActionType.UpdateMerge, Write(items, change.Result), change.Version)));
        try
        {
            var answers = await table.SubmitTransactionAsync(actions, cancellationToken);
            return head with { ETag = answers.Value[0].Headers.ETag ?? default };
        }
        catch (RequestFailedException failure) when (failure.Status is PreconditionFailed or NotFound)
        {
            return null;
        }
    }

    /// <summary>Removes a page of items for good, or the head and blobs that are left when there are none.</summary>
    /// <param name="each">What to do for each item before it goes.</param>
    /// <returns>How many items there were.</returns>
    public async Task<int> RemovePageAsync(string items, Func<BatchItem, Task> each, CancellationToken cancellationToken)
    {
        var table = await storage.GetBatchItemsTableAsync(cancellationToken);
        var range = RowKeys.Range(items, ItemPrefix, RowKeys.EndOfPrefix(ItemPrefix));
        var rows = await table.QueryAsync<TableEntity>(range, MaxPerCommit, cancellationToken: cancellationToken)
            .Take(MaxPerCommit).ToListAsync(cancellationToken);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(rows, parallel, async (row, token) =>
        {
            await each(Read(row));
            await vault.DeleteBlobsAsync(row, token);
        });
        if (rows.Count > 0)
        {
            await DeleteAsync(table, rows, cancellationToken);
            return rows.Count;
        }

        await RemoveBlobsAsync(items, cancellationToken);
        await table.DeleteEntityAsync(items, HeadKey, ETag.All, cancellationToken);
        return 0;
    }

    private static async Task DeleteAsync(TableClient table, List<TableEntity> rows, CancellationToken cancellationToken)
    {
        try
        {
            await table.SubmitTransactionAsync(
                rows.Select(row => new TableTransactionAction(TableTransactionActionType.Delete, row, ETag.All)), cancellationToken);
        }
        catch (RequestFailedException failure) when (failure.Status == NotFound)
        {
            // Another one removes the same items; the next page shows what is left.
            foreach (var row in rows)
            {
                await table.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, cancellationToken);
            }
        }
    }

    /// <summary>The partitions that hold items of an owner, whatever batch they are of.</summary>
    public async IAsyncEnumerable<string> PartitionsOfAsync(string owner, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var table = await storage.GetBatchItemsTableAsync(cancellationToken);
        var (after, end) = ($"{owner}!", RowKeys.EndOfPrefix($"{owner}!"));
        while (true)
        {
            var range = TableClient.CreateQueryFilter($"PartitionKey gt {after} and PartitionKey lt {end}");
            var next = await table.QueryAsync<TableEntity>(range, 1, ["PartitionKey"], cancellationToken).FirstOrDefaultAsync(cancellationToken);
            if (next is null)
            {
                yield break;
            }

            after = next.PartitionKey;
            yield return after;
        }
    }

    /// <summary>What a crash left between a blob and its row.</summary>
    private async Task RemoveBlobsAsync(string items, CancellationToken cancellationToken)
    {
        var container = await storage.GetContentContainerAsync(cancellationToken);
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, $"{items}/", cancellationToken))
        {
            await container.DeleteBlobIfExistsAsync(blob.Name, cancellationToken: cancellationToken);
        }
    }

    private static readonly string[] Properties =
        ["PartitionKey", "RowKey", "ItemId", State, "Round", "Status", "ErrorCode", "ErrorMessage"];

    private static TableEntity Write(string items, BatchItemResult result) => new(items, KeyOf(result.Index))
    {
        [State] = result.State.ToString(),
        ["Round"] = result.Round,

        // A merge leaves out what is null, so nothing is written as something empty.
        ["Status"] = result.Status?.ToString() ?? "",
        ["ErrorCode"] = result.Error?.Code ?? "",
        ["ErrorMessage"] = result.Error?.Message ?? "",
    };

    private BatchItem Read(TableEntity row)
    {
        var state = StoredEnum.Read<BatchItemState>(row.GetString(State));
        if (state is null)
        {
            unknown.Add(StorageClients.BatchItemsTable, State, row.GetString(State));
        }

        return new BatchItem(
            int.Parse(row.RowKey.AsSpan(ItemPrefix.Length), CultureInfo.InvariantCulture),
            row.GetString("ItemId") ?? "",
            state ?? BatchItemState.Unknown,
            row.GetInt32("Round") ?? 1,
            StoredEnum.Read<RunStatus>(row.GetString("Status")),
            row.GetString("ErrorCode") is { Length: > 0 } code ? new RunError(code, row.GetString("ErrorMessage") ?? RunError.Withheld) : null,
            row.GetBinary(Input),
            row.ETag);
    }

    private static string KeyOf(int index) => string.Create(CultureInfo.InvariantCulture, $"{ItemPrefix}{index:D6}");

    private static ContentAddress Address(TableEntity row) => new(StorageClients.BatchItemsTable, row.PartitionKey, row.RowKey, Input);
}
