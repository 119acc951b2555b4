using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Agents;

/// <summary>The agents that users define, in the Work table; their definitions are content and so protected.</summary>
internal sealed class AgentStore(StorageClients storage, ContentVault vault, KnownAgents known)
{
    private const int SchemaVersion = 1;
    private const string Definition = "Definition";
    private const string Version = "Version";

    public async Task<Agent?> FindAsync(Owner owner, string agentId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(owner.Partition, RowKeys.Agent(agentId), cancellationToken: cancellationToken);
        return row.HasValue ? await ReadAsync(owner, row.Value!, cancellationToken) : null;
    }

    /// <summary>The agent to start a run with. What another instance wrote in the last <see cref="KnownAgents.Lifetime"/> may not be known yet.</summary>
    public ValueTask<Agent?> FindToRunAsync(Owner owner, string agentId, CancellationToken cancellationToken) =>
        known.FindAsync(owner, agentId, () => FindAsync(owner, agentId, cancellationToken));

    /// <summary>The agent, if its owner's partition says that it is shared with <paramref name="sharee"/>; one request.</summary>
    public async Task<Agent?> FindSharedAsync(Owner owner, string agentId, Owner sharee, CancellationToken cancellationToken)
    {
        var (agentKey, shareKey) = (RowKeys.Agent(agentId), RowKeys.AgentShare(agentId, sharee.User));

        // The range keeps storage from scanning the partition, which it does for an "or" of two keys alone.
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var both = TableClient.CreateQueryFilter(
            $"PartitionKey eq {owner.Partition} and RowKey ge {agentKey} and RowKey le {shareKey} and (RowKey eq {agentKey} or RowKey eq {shareKey})");
        var rows = await table.QueryAsync<TableEntity>(both, cancellationToken: cancellationToken).ToListAsync(cancellationToken);
        if (rows.Find(row => row.RowKey == agentKey) is not { } agentRow || rows.Find(row => row.RowKey == shareKey) is not { } share)
        {
            return null;
        }

        var agent = await ReadAsync(owner, agentRow, cancellationToken);
        return share.GetString(AgentShare.Incarnation) == agent.Incarnation
            ? agent with { Id = Ids.SharedAgent(owner.Partition, agentId), SharedWith = sharee }
            : null;
    }

    /// <summary>Stores <paramref name="agent"/> over the version it carries, or as new when it carries none.</summary>
    /// <returns>The agent as stored, or null when the stored one has changed since.</returns>
    public async Task<Agent?> SaveAsync(Agent agent, CancellationToken cancellationToken)
    {
        var row = new TableEntity(agent.Owner!.Value.Partition, RowKeys.Agent(agent.Id))
        {
            ["Schema"] = SchemaVersion,
            [Version] = agent.Version,
            [AgentShare.Incarnation] = agent.Incarnation,
            ["CreatedAt"] = agent.CreatedAt,
            ["UpdatedAt"] = agent.UpdatedAt,
        };
        var content = JsonSerializer.SerializeToUtf8Bytes(agent.Definition, StoredJson.Options);
        row[Definition] = await vault.SealAsync(content, Address(row), cancellationToken);
        var table = await storage.GetWorkTableAsync(cancellationToken);
        try
        {
            var response = agent.ETag == default
                ? await table.AddEntityAsync(row, cancellationToken)
                : await table.UpdateEntityAsync(row, agent.ETag, TableUpdateMode.Replace, cancellationToken);
            return agent with { ETag = response.Headers.ETag ?? default };
        }
        catch (RequestFailedException failure) when (failure.Status is Conflict or PreconditionFailed or NotFound)
        {
            return null;
        }
        finally
        {
            // Whatever came of it: storage may have written what it did not answer.
            known.Forget(agent.Owner!.Value, agent.Id);
        }
    }

    /// <returns>Whether the agent was there in this version.</returns>
    public async Task<bool> DeleteAsync(Agent agent, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        try
        {
            var response = await table.DeleteEntityAsync(agent.Owner!.Value.Partition, RowKeys.Agent(agent.Id), agent.ETag, cancellationToken);
            return response.Status != NotFound;
        }
        catch (RequestFailedException failure) when (failure.Status == PreconditionFailed)
        {
            return false;
        }
        finally
        {
            known.Forget(agent.Owner!.Value, agent.Id);
        }
    }

    /// <summary>The owner's agents in order of their ids, from the first id after <paramref name="after"/> on.</summary>
    public async Task<IReadOnlyList<Agent>> ListAsync(Owner owner, string? after, int limit, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var start = after is null ? RowKeys.AgentPrefix : RowKeys.EndOfChildren(RowKeys.Agent(after));
        List<Agent> agents = [];
        await foreach (var row in table.QueryAsync<TableEntity>(AgentsFrom(owner, start), maxPerPage: limit, cancellationToken: cancellationToken))
        {
            agents.Add(await ReadAsync(owner, row, cancellationToken));
            if (agents.Count == limit)
            {
                break;
            }
        }

        return agents;
    }

    /// <summary>The owner's agents without their definitions: enough to say which they are, and readable under any key.</summary>
    public async Task<IReadOnlyList<Agent>> ListPlainAsync(Owner owner, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        return await table.QueryAsync<TableEntity>(
                AgentsFrom(owner, RowKeys.AgentPrefix), select: ["RowKey", Version, AgentShare.Incarnation], cancellationToken: cancellationToken)
            .Select(row => new Agent(
                row.RowKey[RowKeys.AgentPrefix.Length..],
                new AgentDefinition { Model = "" },
                row.GetInt32(Version) ?? 0,
                owner,
                AgentSource.User,
                default,
                default,
                row.ETag)
            {
                Incarnation = row.GetString(AgentShare.Incarnation) ?? "",
            })
            .ToListAsync(cancellationToken);
    }

    /// <remarks>Shares lie between the agents; they have no version.</remarks>
    private static string AgentsFrom(Owner owner, string start) => TableClient.CreateQueryFilter(
        $"PartitionKey eq {owner.Partition} and RowKey ge {start} and RowKey lt {RowKeys.EndOfPrefix(RowKeys.AgentPrefix)} and Version ge 1");

    /// <remarks>One whose definition cannot be read hides no other, and can still be replaced or deleted: the vault has logged it.</remarks>
    internal async Task<Agent> ReadAsync(Owner owner, TableEntity row, CancellationToken cancellationToken)
    {
        AgentDefinition? definition = null;
        try
        {
            definition = await vault.OpenJsonAsync<AgentDefinition>(row.GetBinary(Definition) ?? [], Address(row), cancellationToken);
        }
        catch (ContentProtectionException)
        {
            // Shown without it, as unreadable.
        }

        return new Agent(
            row.RowKey[RowKeys.AgentPrefix.Length..],
            definition ?? new AgentDefinition { Model = "" },
            row.GetInt32(Version) ?? 0,
            owner,
            AgentSource.User,
            row.GetDateTimeOffset("CreatedAt") ?? default,
            row.GetDateTimeOffset("UpdatedAt") ?? default,
            row.ETag)
        {
            Incarnation = row.GetString(AgentShare.Incarnation) ?? "",
            IsUnreadable = definition is null,
        };
    }

    private static ContentAddress Address(TableEntity row) => new(StorageClients.WorkTable, row.PartitionKey, row.RowKey, Definition);
}
