using Azure;
using Azure.Data.Tables;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Approvals;

/// <summary>
/// Leads deciders to calls of runs that may be another's: a row for each call in the partition of each user and role that
/// may decide. A row is a hint and gives no right: the run's own row says who decides, and whether there is still something
/// to decide.
/// </summary>
/// <remarks>The owner's own row says in which partitions the others are. It is written first and removed last.</remarks>
internal sealed class ApprovalIndex(StorageClients storage, TimeProvider time) : IApprovalIndex
{
    private const int SchemaVersion = 1;
    private const int MaxParallel = 8;
    private const string Tenant = "Tenant";
    private const string User = "User";
    private const string AddedAt = "AddedAt";
    private const string Elsewhere = "Elsewhere";

    /// <summary>Where the deciders of a run look: the owner, the admins of the owner's tenant, the approvers of its agent.</summary>
    private static IReadOnlyList<string> PartitionsOf(Run run)
    {
        var owner = run.Caller.Owner;
        return
        [
            .. run.Agent.Approvers
                // Earlier versions took approvers that nobody can be; they never decide.
                .Select(text => Approver.TryParse(text, out var approver) ? approver : (Approver?)null)
                .OfType<Approver>()
                .Select(approver => approver.IsRole ? Owner.RolePartition(owner.Tenant, approver.Name) : (owner with { User = approver.Name }).Partition)
                .Prepend(Owner.RolePartition(owner.Tenant, Caller.AdminRole))
                .Prepend(owner.Partition)
                .Distinct(),
        ];
    }

    public async Task AddAsync(Run run, IReadOnlyList<PendingApproval> approvals, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var own = run.Caller.Owner.Partition;
        var others = PartitionsOf(run).Where(partition => partition != own).ToList();
        await ForEachAsync(approvals.Select(call => Row(own, call)), UpsertAsync, cancellationToken);
        await ForEachAsync(
            from partition in others from call in approvals select Row(partition, call), UpsertAsync, cancellationToken);

        Task UpsertAsync(TableEntity row, CancellationToken token) => table.UpsertEntityAsync(row, TableUpdateMode.Replace, token);

        TableEntity Row(string partition, PendingApproval call)
        {
            var row = new TableEntity(partition, RowKeys.Approval(run.Id, call.CallId))
            {
                ["Version"] = SchemaVersion,
                [Tenant] = run.Caller.Owner.Tenant,
                [User] = run.Caller.Owner.User,
                [AddedAt] = time.GetUtcNow(),
                [Elsewhere] = partition == own ? string.Join('\n', others) : null,
            };
            if (partition == own && run.Agent.Notify is { } channel)
            {
                CallbackStore.WriteChannel(row, channel);
            }

            return row;
        }
    }

    /// <summary>Removes all that leads to the calls of a run.</summary>
    /// <param name="partition">The partition of the run's owner.</param>
    public async Task RemoveAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var prefix = RowKeys.Approvals(runId);
        var range = RowKeys.Range(partition, prefix, RowKeys.EndOfPrefix(prefix));
        var rows = await table.QueryAsync<TableEntity>(range, cancellationToken: cancellationToken).ToListAsync(cancellationToken);
        await RemoveNamedAsync(rows, cancellationToken);
        await ForEachAsync(rows, (row, token) => table.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, token), cancellationToken);
    }

    /// <summary>Removes the rows elsewhere that an owner's own rows name; the rows themselves are the caller's.</summary>
    public async Task RemoveNamedAsync(IEnumerable<TableEntity> rows, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var named =
            from row in rows
            where row.RowKey.StartsWith(RowKeys.ApprovalPrefix, StringComparison.Ordinal)
            from partition in (row.GetString(Elsewhere) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            select (Partition: partition, row.RowKey);
        await ForEachAsync(named, (row, token) => table.DeleteEntityAsync(row.Partition, row.RowKey, ETag.All, token), cancellationToken);
    }

    /// <summary>Whose run a call belongs to, as far as the caller is led there at all.</summary>
    public async Task<Owner?> FindOwnerAsync(Caller caller, string runId, string callId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var key = RowKeys.Approval(runId, callId);
        foreach (var partition in PartitionsOf(caller))
        {
            var row = await table.GetEntityIfExistsAsync<TableEntity>(partition, key, cancellationToken: cancellationToken);
            if (row.HasValue && Read(row.Value!) is { } entry)
            {
                return entry.Owner;
            }
        }

        return null;
    }

    /// <summary>Where the caller is led, in order of run and call.</summary>
    public async Task<ListPage<ApprovalEntry>> ListAsync(Caller caller, int limit, string? after, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var start = after ?? RowKeys.ApprovalPrefix;
        var found = new SortedDictionary<string, ApprovalEntry>(StringComparer.Ordinal);
        foreach (var partition in PartitionsOf(caller))
        {
            var range = TableClient.CreateQueryFilter(
                $"PartitionKey eq {partition} and RowKey gt {start} and RowKey lt {RowKeys.EndOfPrefix(RowKeys.ApprovalPrefix)}");
            var rows = table.QueryAsync<TableEntity>(range, maxPerPage: limit + 1, cancellationToken: cancellationToken).Take(limit + 1);
            await foreach (var row in rows.WithCancellation(cancellationToken))
            {
                if (Read(row) is { } entry)
                {
                    found.TryAdd(row.RowKey, entry);
                }
            }
        }

        var page = found.Values.Take(limit).ToList();
        return new ListPage<ApprovalEntry>(page, found.Count > limit ? page[^1].RowKey : null);
    }

    /// <summary>Removes an entry, and with it those that lead to the same run: it asks no more.</summary>
    public async Task RemoveAsync(ApprovalEntry entry, CancellationToken cancellationToken)
    {
        await RemoveAsync(entry.Owner.Partition, entry.RunId, cancellationToken);
        var table = await storage.GetWorkTableAsync(cancellationToken);
        await table.DeleteEntityAsync(entry.Partition, entry.RowKey, ETag.All, cancellationToken);
    }

    /// <summary>Where a caller looks: first as a user, then in each role.</summary>
    private static IEnumerable<string> PartitionsOf(Caller caller) =>
        caller.Roles.Order(StringComparer.Ordinal).Select(role => Owner.RolePartition(caller.Owner.Tenant, role)).Prepend(caller.Owner.Partition);

    private static ApprovalEntry? Read(TableEntity row) =>
        row.RowKey.Split('!') is [_, var runId, var callId] && row.GetString(Tenant) is { } tenant && row.GetString(User) is { } user
            ? new ApprovalEntry(row.PartitionKey, row.RowKey, new Owner(tenant, user), runId, callId, row.GetDateTimeOffset(AddedAt) ?? default)
            : null;

    private static Task ForEachAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> change, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            items,
            new ParallelOptions { MaxDegreeOfParallelism = MaxParallel, CancellationToken = cancellationToken },
            async (item, token) => await change(item, token));
}

/// <summary>A row of <see cref="ApprovalIndex"/>.</summary>
/// <param name="Owner">Whose run it leads to.</param>
internal sealed record ApprovalEntry(string Partition, string RowKey, Owner Owner, string RunId, string CallId, DateTimeOffset AddedAt);
