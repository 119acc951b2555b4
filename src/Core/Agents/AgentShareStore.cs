using Azure;
using Azure.Data.Tables;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Agents;

/// <summary>Who may read and run whose agents, in the Work table.</summary>
/// <remarks>
/// A share is two rows in two partitions, which no transaction spans. The row below the agent, in the owner's partition, is
/// the truth and is looked at on every use; the row in the sharee's partition only says where to look. To give writes the
/// truth first and to take removes it first, so a crash in between leaves an agent that its sharee does not see: never a
/// right that was not given, or that was taken back. What the crash left is put right by repeating the request. A share
/// holds for one incarnation of its agent, so deleting the agent ends all of them at once, however many there are.
/// </remarks>
internal sealed class AgentShareStore(StorageClients storage, AgentStore agents, Contention contention)
{
    /// <summary>Users an agent may be shared with.</summary>
    public const int MaxShares = 1000;

    private const int MaxParallelRemovals = 16;

    /// <summary>The agent that <paramref name="sharee"/> knows by <paramref name="sharedId"/>, as long as its owner shares it.</summary>
    public async Task<Agent?> FindAsync(Owner sharee, string sharedId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var index = await table.GetEntityIfExistsAsync<TableEntity>(
            sharee.Partition, RowKeys.SharedAgent(sharedId), cancellationToken: cancellationToken);
        return index.HasValue ? await FollowAsync(sharee, index.Value!, cancellationToken) : null;
    }

    /// <summary>What is shared with <paramref name="sharee"/>, in order of the ids, from the first id after <paramref name="after"/> on.</summary>
    /// <returns>Ids and agents; an agent is null where its share does not hold any more.</returns>
    public async Task<IReadOnlyList<(string SharedId, Agent? Agent)>> ListAsync(
        Owner sharee, string? after, int limit, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var range = TableClient.CreateQueryFilter(
            $"PartitionKey eq {sharee.Partition} and RowKey gt {RowKeys.SharedAgent(after ?? "")} and RowKey lt {RowKeys.EndOfPrefix(RowKeys.SharedAgentPrefix)}");
        var rows = await table.QueryAsync<TableEntity>(range, maxPerPage: limit, cancellationToken: cancellationToken)
            .Take(limit)
            .ToListAsync(cancellationToken);
        var found = await Task.WhenAll(rows.Select(row => FollowAsync(sharee, row, cancellationToken)));
        return [.. rows.Zip(found, (row, agent) => (row.RowKey[RowKeys.SharedAgentPrefix.Length..], agent))];
    }

    /// <summary>The agents of others that are shared with <paramref name="sharee"/>, without their definitions' content being needed.</summary>
    public async IAsyncEnumerable<Agent> ListReceivedAsync(
        Owner sharee, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var range = RowKeys.Range(sharee.Partition, RowKeys.SharedAgentPrefix, RowKeys.EndOfPrefix(RowKeys.SharedAgentPrefix));
        await foreach (var index in table.QueryAsync<TableEntity>(range, cancellationToken: cancellationToken))
        {
            if (AgentShare.AgentOf(index) is var (owner, agentId))
            {
                yield return new Agent(
                    agentId, new AgentDefinition { Model = "" }, 0, owner, AgentSource.User, default, default, default)
                {
                    Incarnation = index.GetString(AgentShare.Incarnation) ?? "",
                };
            }
        }
    }

    /// <summary>Shares an agent of its owner's. To do it again changes nothing.</summary>
    /// <exception cref="ConflictException">The agent has as many shares as it may have, or many are being changed at once.</exception>
    public async Task ShareAsync(Agent agent, Owner sharee, CancellationToken cancellationToken)
    {
        var owner = agent.Owner!.Value;
        var table = await storage.GetWorkTableAsync(cancellationToken);
        await ChangeAsync(table, owner, agent.Id, sharee, (count, share) =>
        {
            if (share?.GetString(AgentShare.Incarnation) == agent.Incarnation)
            {
                return null;
            }

            var shares = count.Of(agent.Incarnation);
            return shares < MaxShares
                ? [count.Write(agent.Incarnation, shares + 1), new(TableTransactionActionType.UpsertReplace, AgentShare.Create(agent, sharee))]
                : throw new ConflictException($"The agent is shared with {MaxShares} users, which is as many as it may be.");
        }, cancellationToken);
        await table.UpsertEntityAsync(AgentShare.CreateIndex(agent, sharee), TableUpdateMode.Replace, cancellationToken);
    }

    /// <summary>Takes a share back, if there is one.</summary>
    /// <exception cref="ConflictException">Many shares of the agent are being changed at once.</exception>
    public async Task UnshareAsync(Agent agent, Owner sharee, CancellationToken cancellationToken)
    {
        var owner = agent.Owner!.Value;
        var table = await storage.GetWorkTableAsync(cancellationToken);

        // In the version from before the share ended, lest this removes what a new share writes right after.
        var index = await FindIndexAsync(table, agent, sharee, cancellationToken);
        await ChangeAsync(table, owner, agent.Id, sharee, (count, share) =>
        {
            if (share is null)
            {
                return null;
            }

            var incarnation = share.GetString(AgentShare.Incarnation) ?? "";
            TableTransactionAction removal = new(TableTransactionActionType.Delete, share, share.ETag);
            return count.Of(incarnation) is > 0 and var shares ? [count.Write(incarnation, shares - 1), removal] : [removal];
        }, cancellationToken);
        await RemoveAsync(table, index, cancellationToken);
    }

    /// <summary>Removes the rows of the shares of an agent that has been deleted. They give no right any more.</summary>
    public async Task RemoveAllAsync(Agent deleted, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var partition = deleted.Owner!.Value.Partition;
        var start = RowKeys.AgentShares(deleted.Id);
        var range = TableClient.CreateQueryFilter(
            $"PartitionKey eq {partition} and RowKey ge {start} and RowKey lt {RowKeys.EndOfPrefix(start)} and Incarnation eq {deleted.Incarnation}");
        var rows = table.QueryAsync<TableEntity>(range, cancellationToken: cancellationToken);
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxParallelRemovals, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(rows, options, async (row, stopping) =>
        {
            // The index goes first: without the other row nobody would know where it is.
            if (AgentShare.ShareeOf(row) is { } sharee
                && await FindIndexAsync(table, deleted, sharee, stopping) is { } index
                && index.GetString(AgentShare.Incarnation) == deleted.Incarnation)
            {
                await RemoveAsync(table, index, stopping);
            }

            await RemoveAsync(table, row, stopping);
        });
    }

    private async Task<Agent?> FollowAsync(Owner sharee, TableEntity index, CancellationToken cancellationToken) =>
        AgentShare.AgentOf(index) is var (owner, agentId)
        && RowKeys.SharedAgent(Ids.SharedAgent(owner.Partition, agentId)) == index.RowKey
            ? await agents.FindSharedAsync(owner, agentId, sharee, cancellationToken)
            : null;

    /// <summary>Changes one share and the number of shares together, so that the number is exact under any concurrency.</summary>
    /// <returns>Whether there was anything to change.</returns>
    private Task<bool> ChangeAsync(
        TableClient table,
        Owner owner,
        string agentId,
        Owner sharee,
        Func<AgentShareCount, TableEntity?, List<TableTransactionAction>?> change,
        CancellationToken cancellationToken)
    {
        var (countKey, shareKey) = (RowKeys.AgentShares(agentId), RowKeys.AgentShare(agentId, sharee.User));
        return contention.RetryAsync("What the agent is shared with", AttemptAsync, cancellationToken);

        async Task<bool> AttemptAsync()
        {
            var count = await table.GetEntityIfExistsAsync<TableEntity>(owner.Partition, countKey, cancellationToken: cancellationToken);
            var share = await table.GetEntityIfExistsAsync<TableEntity>(owner.Partition, shareKey, cancellationToken: cancellationToken);
            var known = new AgentShareCount(owner.Partition, countKey, count.HasValue ? count.Value : null);
            if (change(known, share.HasValue ? share.Value : null) is not { } actions)
            {
                return false;
            }

            try
            {
                await table.SubmitTransactionAsync(actions, cancellationToken);
                return true;
            }
            catch (RequestFailedException failure) when (IsContended(failure))
            {
                throw new ContendedException(failure);
            }
        }
    }

    private static async Task<TableEntity?> FindIndexAsync(TableClient table, Agent agent, Owner sharee, CancellationToken cancellationToken)
    {
        var key = AgentShare.CreateIndex(agent, sharee);
        var index = await table.GetEntityIfExistsAsync<TableEntity>(key.PartitionKey, key.RowKey, cancellationToken: cancellationToken);
        return index.HasValue ? index.Value : null;
    }

    /// <summary>Removes a row unless it has changed since it was read.</summary>
    private static async Task RemoveAsync(TableClient table, TableEntity? row, CancellationToken cancellationToken)
    {
        if (row is null)
        {
            return;
        }

        try
        {
            await table.DeleteEntityAsync(row.PartitionKey, row.RowKey, row.ETag, cancellationToken);
        }
        catch (RequestFailedException failure) when (failure.Status == PreconditionFailed)
        {
            // It is another share's by now.
        }
    }
}
