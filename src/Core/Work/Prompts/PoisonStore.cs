using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Data.Tables;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Work.Prompts;

/// <summary>
/// Prompts that were given up, in the partition of their tenant's operators; those that do not say whose they are lie in one of
/// their own. What they said is protected like everything that was said.
/// </summary>
internal sealed class PoisonStore(StorageClients storage, ContentVault vault, RowRemoval rows, DueStore due, RetentionOptions retention)
{
    private const int SchemaVersion = 1;
    private const string IdPrefix = "psn_";
    private const string Body = "Body";
    private const string Detail = "Detail";
    private const string User = "User";
    private const string UserTenant = "Tenant";
    private const string ReplayedAt = "ReplayedAt";
    private const string ReplayedBy = "ReplayedBy";
    private const string Anonymous =
        "The message does not say whose it is (owner.tenant and owner.user), so nothing of it is shown. Its code says what kind of mistake it is.";

    /// <summary>Records a prompt; one that is recorded already stays as it is.</summary>
    public async Task AddAsync(PromptDelivery delivery, PromptRejection why, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var partition = PartitionOf(why.Owner?.Tenant);
        var row = new TableEntity(partition, KeyOf(delivery))
        {
            ["Version"] = SchemaVersion,

            // Without an owner it lies where operators of every tenant look, so it says nothing that its sender chose.
            ["PromptId"] = why.Owner is null ? null : why.PromptId,
            [UserTenant] = why.Owner?.Tenant,
            [User] = why.Owner?.User,
            ["AgentId"] = why.Owner is null ? null : why.AgentId,
            ["Code"] = why.Code,
            ["Attempts"] = delivery.Attempt,
            ["EnqueuedAt"] = delivery.EnqueuedAt,
            ["PoisonedAt"] = now,
        };
        row[Detail] = await vault.SealAsync(Encoding.UTF8.GetBytes(why.Detail), Address(row, Detail), cancellationToken);
        row[Body] = await vault.SealAsync(Deferral.Remove(delivery.Body).ToMemory(), Address(row, Body), cancellationToken);
        if (retention.Days > 0)
        {
            await due.AddAsync(DueItem.ForPoison(partition, delivery.EnqueuedAt, DueItem.DayOf(now).AddDays(retention.Days + 1)), cancellationToken);
        }

        var table = await storage.GetWorkTableAsync(cancellationToken);
        try
        {
            await table.AddEntityAsync(row, cancellationToken);
        }
        catch (RequestFailedException failure) when (failure.Status == Conflict)
        {
            // An earlier delivery of the same message; the blobs written just now are nobody's.
            await vault.DeleteBlobsAsync(row, cancellationToken);
        }
    }

    /// <summary>What a tenant's operators may see, newest first; with those that do not say whose they are.</summary>
    /// <param name="after">The last one of the page before.</param>
    public async Task<ListPage<PoisonedPrompt>> ListAsync(string tenant, int limit, string? after, CancellationToken cancellationToken)
    {
        var start = after is not null && KeyOf(after) is { } last ? last : RowKeys.PoisonPrefix;
        List<TableEntity> found = [];
        foreach (var partition in (string[])[PartitionOf(tenant), PartitionOf(null)])
        {
            found.AddRange(await QueryAsync(partition, start, limit + 1, cancellationToken));
        }

        var page = found.OrderBy(row => row.RowKey, StringComparer.Ordinal).Take(limit + 1).ToList();
        var shown = await Task.WhenAll(page.Take(limit).Select(row => ReadAsync(row, cancellationToken)));
        return new ListPage<PoisonedPrompt>(shown, page.Count > limit ? shown[^1].Id : null);
    }

    /// <returns>Null when there is none for operators of this tenant.</returns>
    public async Task<(PoisonedPrompt Prompt, BinaryData Body)?> FindAsync(string tenant, string id, CancellationToken cancellationToken)
    {
        if (KeyOf(id) is not { } key)
        {
            return null;
        }

        var table = await storage.GetWorkTableAsync(cancellationToken);
        foreach (var partition in (string[])[PartitionOf(tenant), PartitionOf(null)])
        {
            var found = await table.GetEntityIfExistsAsync<TableEntity>(partition, key, cancellationToken: cancellationToken);
            if (found.HasValue)
            {
                return (await ReadAsync(found.Value!, cancellationToken), await ReadBodyAsync(found.Value!, cancellationToken));
            }
        }

        return null;
    }

    public async Task SetReplayedAsync(PoisonedPrompt prompt, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var change = new TableEntity(PartitionOf(prompt.Owner?.Tenant), KeyOf(prompt.Id))
        {
            [ReplayedAt] = prompt.ReplayedAt,
            [ReplayedBy] = prompt.ReplayedBy,
        };
        try
        {
            await table.UpdateEntityAsync(change, ETag.All, TableUpdateMode.Merge, cancellationToken);
        }
        catch (RequestFailedException failure) when (failure.Status == NotFound)
        {
            // It expired, or its owner's data was deleted, just now.
        }
    }

    /// <summary>Everything of one owner, with what each prompt said.</summary>
    public async IAsyncEnumerable<(PoisonedPrompt Prompt, BinaryData Body)> ListOfAsync(
        Owner owner, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in RowsOfAsync(owner, cancellationToken))
        {
            yield return (await ReadAsync(row, cancellationToken), await ReadBodyAsync(row, cancellationToken));
        }
    }

    /// <returns>How many there were.</returns>
    public async Task<int> RemoveOfAsync(Owner owner, CancellationToken cancellationToken)
    {
        var found = await RowsOfAsync(owner, cancellationToken).ToListAsync(cancellationToken);
        await rows.RemoveAsync(found, cancellationToken);
        return found.Count;
    }

    /// <summary>Removes what was enqueued on a day.</summary>
    /// <returns>How many there were.</returns>
    public Task<int> RemoveDayAsync(string partition, DateOnly day, CancellationToken cancellationToken)
    {
        var (from, to) = RowKeys.ReverseDay(day);
        return rows.RemoveRangeAsync(partition, RowKeys.PoisonPrefix + from, RowKeys.PoisonPrefix + to, cancellationToken);
    }

    /// <summary>Whether it has the form of such an id.</summary>
    public static bool IsId(string id) => KeyOf(id) is not null;

    private static string PartitionOf(string? tenant) => Owner.RolePartition(tenant ?? "", Caller.OperatorRole);

    private async IAsyncEnumerable<TableEntity> RowsOfAsync(
        Owner owner, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var range = RowKeys.Range(PartitionOf(owner.Tenant), RowKeys.PoisonPrefix, RowKeys.EndOfPrefix(RowKeys.PoisonPrefix))
            + " and " + TableClient.CreateQueryFilter($"User eq {owner.User}");
        await foreach (var row in table.QueryAsync<TableEntity>(range, cancellationToken: cancellationToken))
        {
            yield return row;
        }
    }

    private async Task<List<TableEntity>> QueryAsync(string partition, string after, int limit, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var range = TableClient.CreateQueryFilter(
            $"PartitionKey eq {partition} and RowKey gt {after} and RowKey lt {RowKeys.EndOfPrefix(RowKeys.PoisonPrefix)}");
        return await table.QueryAsync<TableEntity>(range, limit, cancellationToken: cancellationToken).Take(limit).ToListAsync(cancellationToken);
    }

    /// <remarks>A detail that cannot be read must not hide the record: its operator has been alerted.</remarks>
    private async Task<PoisonedPrompt> ReadAsync(TableEntity row, CancellationToken cancellationToken)
    {
        if (row.GetString(User) is not { } user)
        {
            return Read(row, owner: null, Anonymous);
        }

        string detail;
        try
        {
            detail = Encoding.UTF8.GetString(await vault.OpenAsync(row.GetBinary(Detail) ?? [], Address(row, Detail), cancellationToken));
        }
        catch (ContentProtectionException)
        {
            detail = Runs.Model.RunError.ContentUnreadable.Message;
        }

        return Read(row, new Owner(row.GetString(UserTenant) ?? "", user), detail);
    }

    /// <remarks>
    /// One without an owner is shown to operators of every tenant: neither ids nor names of fields of its sender, whose detail may quote
    /// them, nor which operator of another tenant has replayed it.
    /// </remarks>
    private static PoisonedPrompt Read(TableEntity row, Owner? owner, string detail) => new(
        IdPrefix + row.RowKey[RowKeys.PoisonPrefix.Length..].Replace('!', '_'),
        owner is null ? null : row.GetString("PromptId"),
        owner,
        owner is null ? null : row.GetString("AgentId"),
        row.GetString("Code") ?? PromptCodes.Malformed,
        detail,
        row.GetInt64("Attempts") ?? 0,
        row.GetDateTimeOffset("EnqueuedAt") ?? default,
        row.GetDateTimeOffset("PoisonedAt") ?? default,
        row.GetDateTimeOffset(ReplayedAt),
        owner is null ? null : row.GetString(ReplayedBy));

    private async Task<BinaryData> ReadBodyAsync(TableEntity row, CancellationToken cancellationToken) =>
        BinaryData.FromBytes(await vault.OpenAsync(row.GetBinary(Body) ?? [], Address(row, Body), cancellationToken));

    /// <summary>The same for each delivery of one message.</summary>
    private static string KeyOf(PromptDelivery delivery) => RowKeys.Poison(
        delivery.EnqueuedAt, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(delivery.MessageId)).AsSpan(0, 8)));

    private static string? KeyOf(string id) =>
        Ids.IsValid(id) && id.StartsWith(IdPrefix, StringComparison.Ordinal) && id[IdPrefix.Length..].Split('_') is [var time, var hash]
            ? $"{RowKeys.PoisonPrefix}{time}!{hash}"
            : null;

    private static ContentAddress Address(TableEntity row, string property) =>
        new(StorageClients.WorkTable, row.PartitionKey, row.RowKey, property);
}
