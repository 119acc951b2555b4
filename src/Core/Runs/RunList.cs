using Azure.Data.Tables;
using Yggdrasil.Security;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs;

/// <summary>Runs as lists show them.</summary>
internal sealed class RunList(StorageClients storage, ContentVault vault)
{
    private readonly RunRow _runs = new(vault);

    /// <summary>Where the list's entries are: those of a conversation have a place of their own, so that they are found without reading past others.</summary>
    public static string PrefixOf(RunFilter filter) =>
        filter.ConversationId is { } conversation ? RowKeys.ConversationRuns(conversation) : RowKeys.ListPrefix;

    /// <summary>Runs of an owner, newest first, that match; a page may hold fewer than asked for, or none, and still go on.</summary>
    public async Task<ListPage<Run>> ListAsync(Owner owner, RunFilter filter, int limit, string? after, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var prefix = PrefixOf(filter);
        var range = TableClient.CreateQueryFilter(
            $"PartitionKey eq {owner.Partition} and RowKey gt {after ?? prefix} and RowKey lt {RowKeys.EndOfPrefix(prefix)}");
        if (filter.AgentId is { } agent)
        {
            range += " and " + TableClient.CreateQueryFilter($"AgentId eq {agent}");
        }

        List<TableEntity> entries = [];
        await foreach (var row in table.QueryAsync<TableEntity>(range, maxPerPage: limit + 1, cancellationToken: cancellationToken))
        {
            entries.Add(row);
            if (entries.Count > limit)
            {
                break;
            }
        }

        var page = entries.Take(limit).ToList();
        var runs = await Task.WhenAll(page.Select(row => FindToShowAsync(owner.Partition, row.GetString("RunId"), cancellationToken)));
        return new ListPage<Run>(
            [.. runs.OfType<Run>().Where(run => filter.Status is null || run.Status == filter.Status)],
            entries.Count > limit ? page[^1].RowKey : null);
    }

    /// <summary>A run of a list: one that cannot be read is shown without content, so that it does not hide the others.</summary>
    public async Task<Run?> FindToShowAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Run(runId), cancellationToken: cancellationToken);
        if (!row.HasValue || RunRow.IsTombstone(row.Value!))
        {
            return null;
        }

        try
        {
            return await _runs.ReadAsync(row.Value!, cancellationToken);
        }
        catch (ContentProtectionException)
        {
            return RunRow.ReadUnreadable(row.Value!);
        }
    }
}

/// <summary>Which runs a list shows; absent members match every run.</summary>
public sealed record RunFilter(RunStatus? Status = null, string? AgentId = null, string? ConversationId = null);
