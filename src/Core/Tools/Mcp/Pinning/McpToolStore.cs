using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Data.Tables;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Tools.Mcp.Pinning;

/// <summary>The McpTools table, which all instances share: partition = server, a row for each tool and one for the list.</summary>
internal sealed class McpToolStore(StorageClients storage, ContentVault vault, TimeProvider time)
{
    private const int SchemaVersion = 1;
    private const string ListKey = "list";
    private const string ToolPrefix = "tool!";
    private const string Definition = "Definition";
    private const string ApprovedDefinition = "ApprovedDefinition";

    /// <summary>Two definitions of 24 KiB a row stay far below the 4 MiB of a transaction.</summary>
    private const int RowsPerTransaction = 50;

    /// <summary>All that is known of a server, in one request.</summary>
    public async Task<(McpListRow? List, IReadOnlyList<McpToolRow> Tools)> ReadAsync(string server, CancellationToken cancellationToken)
    {
        var table = await storage.GetMcpTableAsync(cancellationToken);
        McpListRow? list = null;
        List<McpToolRow> tools = [];
        await foreach (var row in table.QueryAsync<TableEntity>(entity => entity.PartitionKey == server, cancellationToken: cancellationToken))
        {
            if (row.RowKey == ListKey)
            {
                list = row.GetDateTimeOffset("ListedAt") is { } at && row.GetDateTimeOffset("FreshUntil") is { } until
                    ? new McpListRow(at, until, row.GetInt32("Omitted") ?? 0)
                    : null;
            }
            else if (Read(row) is { } tool)
            {
                tools.Add(tool);
            }
        }

        return (list, [.. tools.OrderBy(tool => tool.Name, StringComparer.Ordinal)]);
    }

    /// <summary>Writes what a server said, the list last: whoever reads a fresh list reads all of it.</summary>
    /// <returns>The tools that are new or not what they were.</returns>
    public async Task<IReadOnlyList<McpToolRow>> WriteAsync(
        string server, Uri endpoint, McpToolList said, IReadOnlyList<McpToolRow> before, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var known = before.ToDictionary(row => row.Name, StringComparer.Ordinal);
        List<TableEntity> rows = [];
        List<McpToolRow> changed = [];
        foreach (var tool in said.Tools)
        {
            var hash = tool.HashFor(server, endpoint);
            var earlier = known.GetValueOrDefault(tool.Name);
            if (earlier is { IsOffered: true } && earlier.Hash == hash && vault.IsNewest(earlier.Definition))
            {
                continue;
            }

            var key = KeyOf(tool.Name);
            var sealedDefinition = await vault.SealAsync(tool.Canonical, Address(server, key, Definition), cancellationToken);
            var isSame = earlier?.Hash == hash;
            rows.Add(new TableEntity(server, key)
            {
                ["Schema"] = SchemaVersion,
                ["Name"] = tool.Name,
                ["Hash"] = hash,
                [Definition] = sealedDefinition,
                ["IsOffered"] = true,
                ["FirstSeenAt"] = earlier?.FirstSeenAt ?? now,
                ["ChangedAt"] = isSame ? earlier!.ChangedAt : now,
            });
            if (!isSame)
            {
                changed.Add(new McpToolRow(tool.Name, hash, sealedDefinition, true, now, now, earlier?.Approved, null, null, null, default));
            }
        }

        var offered = said.Tools.Select(tool => tool.Name).ToHashSet(StringComparer.Ordinal);
        rows.AddRange(before.Where(row => row.IsOffered && !offered.Contains(row.Name))
            .Select(row => new TableEntity(server, KeyOf(row.Name)) { ["IsOffered"] = false }));
        await WriteAsync(rows, cancellationToken);
        await WriteAsync(
            [
                new TableEntity(server, ListKey)
                {
                    ["Schema"] = SchemaVersion, ["ListedAt"] = now, ["FreshUntil"] = now + said.TimeToLive, ["Omitted"] = said.Omitted,
                },
            ],
            cancellationToken);
        return changed;
    }

    /// <summary>Writes down that an operator approved a tool as it is, or takes that back.</summary>
    /// <returns>False where the row has changed since it was read.</returns>
    public async Task<bool> TryApproveAsync(string server, McpToolRow tool, bool approve, string by, CancellationToken cancellationToken)
    {
        var key = KeyOf(tool.Name);
        var row = new TableEntity(server, key)
        {
            // The empty text and bytes, not null: what a merge leaves out stays as it was.
            ["Approved"] = approve ? tool.Hash : "",
            [ApprovedDefinition] = approve
                ? await vault.SealAsync((await OpenAsync(server, tool, cancellationToken)).Canonical, Address(server, key, ApprovedDefinition), cancellationToken)
                : [],
            ["ApprovedAt"] = time.GetUtcNow(),
            ["ApprovedBy"] = by,
        };
        var table = await storage.GetMcpTableAsync(cancellationToken);
        try
        {
            await table.UpdateEntityAsync(row, tool.Version, TableUpdateMode.Merge, cancellationToken);
            return true;
        }
        catch (RequestFailedException failure) when (failure.Status is PreconditionFailed or NotFound)
        {
            return false;
        }
    }

    /// <summary>What the server said last.</summary>
    /// <exception cref="ContentProtectionException">It cannot be read; it is written anew when the server is next asked.</exception>
    public async Task<McpToolDefinition> OpenAsync(string server, McpToolRow tool, CancellationToken cancellationToken) => McpToolDefinition.Parse(
        await vault.OpenAsync(tool.Definition, Address(server, KeyOf(tool.Name), Definition), cancellationToken));

    /// <summary>What was approved; null where nothing was.</summary>
    public async Task<McpToolDefinition?> OpenApprovedAsync(string server, McpToolRow tool, CancellationToken cancellationToken) =>
        tool.ApprovedDefinition is not { Length: > 0 } approved ? null : McpToolDefinition.Parse(
            await vault.OpenAsync(approved, Address(server, KeyOf(tool.Name), ApprovedDefinition), cancellationToken));

    private async Task WriteAsync(IEnumerable<TableEntity> rows, CancellationToken cancellationToken)
    {
        var table = await storage.GetMcpTableAsync(cancellationToken);
        foreach (var chunk in rows.Chunk(RowsPerTransaction))
        {
            await table.SubmitTransactionAsync(
                chunk.Select(row => new TableTransactionAction(TableTransactionActionType.UpsertMerge, row)), cancellationToken);
        }
    }

    private static McpToolRow? Read(TableEntity row) =>
        row.RowKey.StartsWith(ToolPrefix, StringComparison.Ordinal)
        && row.GetString("Name") is { } name && row.GetString("Hash") is { } hash && row.GetBinary(Definition) is { } definition
            ? new McpToolRow(
                name, hash, definition, row.GetBoolean("IsOffered") == true,
                row.GetDateTimeOffset("FirstSeenAt") ?? default, row.GetDateTimeOffset("ChangedAt") ?? default,
                row.GetString("Approved") is { Length: > 0 } approved ? approved : null, row.GetBinary(ApprovedDefinition),
                row.GetDateTimeOffset("ApprovedAt"), row.GetString("ApprovedBy"), row.ETag)
            : null;

    /// <summary>A tool's name may hold what a row key must not.</summary>
    private static string KeyOf(string tool) => ToolPrefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(tool)))[..32];

    private static ContentAddress Address(string server, string key, string property) => new(StorageClients.McpTable, server, key, property);
}
