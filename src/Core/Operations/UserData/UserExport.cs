using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Yggdrasil.Agents;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Users.ApiKeys;
using Yggdrasil.Work.Prompts;
using Yggdrasil.Work.Schedules;

namespace Yggdrasil.Operations.UserData;

/// <summary>Reads everything that a user has, in one pass over the user's partition, a little at a time.</summary>
public sealed class UserExport
{
    private readonly StorageClients _storage;
    private readonly AgentStore _agents;
    private readonly ConversationMetadata _notes;
    private readonly ConversationLog _log;
    private readonly RunStore _runs;
    private readonly PoisonStore _poison;
    private readonly BatchExport _batches;
    private readonly ScheduleStore _schedules;
    private readonly CallbackSecrets _secrets;
    private readonly ApiKeyStore _keys;

    internal UserExport(
        StorageClients storage,
        AgentStore agents,
        ConversationMetadata notes,
        ConversationLog log,
        RunStore runs,
        PoisonStore poison,
        BatchExport batches,
        ScheduleStore schedules,
        CallbackSecrets secrets,
        ApiKeyStore keys)
    {
        (_storage, _agents, _notes, _log, _runs) = (storage, agents, notes, log, runs);
        (_poison, _batches, _schedules, _secrets, _keys) = (poison, batches, schedules, secrets, keys);
    }

    /// <summary>
    /// Agents, conversations, messages, runs with their steps, schedules, API keys, that there are callback secrets, and what the runs have
    /// used, day by day.
    /// </summary>
    public async IAsyncEnumerable<ExportItem> ReadAsync(Scope scope, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var table = await _storage.GetWorkTableAsync(cancellationToken);
        var all = TableClient.CreateQueryFilter($"PartitionKey eq {scope.Owner.Partition}");
        SortedDictionary<DateOnly, (int Runs, RunUsage Usage)> usage = [];
        List<TableEntity> run = [];
        await foreach (var row in table.QueryAsync<TableEntity>(all, cancellationToken: cancellationToken))
        {
            // A run's journal follows its row.
            if (run.Count > 0 && !RowKeys.IsBelow(row.RowKey, run[0].RowKey))
            {
                yield return await ReadRunAsync(run, usage, cancellationToken);
                run = [];
            }

            if (run.Count > 0 || (RunRemoval.IsRun(row) && !RunRow.IsTombstone(row)))
            {
                run.Add(row);
                continue;
            }

            await foreach (var item in ReadAsync(scope.Owner, row, cancellationToken))
            {
                yield return item;
            }
        }

        if (run.Count > 0)
        {
            yield return await ReadRunAsync(run, usage, cancellationToken);
        }

        await foreach (var (prompt, body) in _poison.ListOfAsync(scope.Owner, cancellationToken))
        {
            yield return new ExportItem.OfPoison(prompt, body.ToString());
        }

        foreach (var (day, used) in usage)
        {
            yield return new ExportItem.OfUsage(day, used.Runs, used.Usage);
        }
    }

    private async IAsyncEnumerable<ExportItem> ReadAsync(
        Owner owner, TableEntity row, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var parts = row.RowKey.Split('!');
        switch (parts)
        {
            case ["agent", var id]:
                var agent = await _agents.ReadAsync(owner, row, cancellationToken);
                yield return agent.IsUnreadable ? new ExportItem.Unreadable("agent", id) : new ExportItem.OfAgent(agent);
                break;
            case ["agent", var id, { Length: > 0 }] when AgentShare.ShareeOf(row) is { } sharee:
                yield return new ExportItem.OfShare(id, sharee.User);
                break;
            case ["conv", _] when ConversationRow.Read(row) is { IsDeleted: false } conversation:
                yield return await GuardAsync(
                    async () => new ExportItem.OfConversation(conversation, await _notes.ReadAsync(row, cancellationToken)),
                    new ExportItem.Unreadable("conversation", conversation.Id));
                break;
            case ["batch", _]:
                await foreach (var item in _batches.ReadAsync(row, cancellationToken))
                {
                    yield return item;
                }

                break;
            case ["log", var id, _] when RowKeys.TryReadSequence(row.RowKey, out _):
                foreach (var item in await ReadExchangeAsync(id, row, cancellationToken))
                {
                    yield return item;
                }

                break;
            case ["schedule", var id]:
                yield return await GuardAsync(
                    async () => new ExportItem.OfSchedule(await _schedules.ReadAsync(row, cancellationToken)), new ExportItem.Unreadable("schedule", id));
                break;
            case ["apikey", var id]:
                var key = await _keys.ReadAsync(row, cancellationToken);
                yield return key.IsUnreadable ? new ExportItem.Unreadable("api_key", id) : new ExportItem.OfApiKey(key);
                break;
            case ["secret", "callback"]:
                yield return await GuardAsync(
                    async () => new ExportItem.OfCallbackSecret((await _secrets.FindInfoAsync(owner, cancellationToken))!),
                    new ExportItem.Unreadable("callback_secret", "callback"));
                break;
        }
    }

    private async Task<IReadOnlyList<ExportItem>> ReadExchangeAsync(string conversationId, TableEntity row, CancellationToken cancellationToken)
    {
        try
        {
            var exchange = await _log.ReadAsync(row, cancellationToken);
            return [.. ConversationMessage.Of(exchange).Select(message => new ExportItem.OfMessage(conversationId, message))];
        }
        catch (ContentProtectionException)
        {
            return [new ExportItem.Unreadable("message", row.GetString("RunId"))];
        }
    }

    private async Task<ExportItem> ReadRunAsync(
        List<TableEntity> rows, SortedDictionary<DateOnly, (int Runs, RunUsage Usage)> usage, CancellationToken cancellationToken)
    {
        var plain = RunRow.ReadUnreadable(rows[0]);
        var day = DateOnly.FromDateTime(plain.CreatedAt.UtcDateTime);
        var (runs, used) = usage.GetValueOrDefault(day, (0, new RunUsage()));
        usage[day] = (runs + 1, used.Add(plain.Usage));
        return await GuardAsync(
            async () =>
            {
                var (run, steps) = await _runs.ReadAsync(rows, cancellationToken);
                return new ExportItem.OfRun(run, steps);
            },
            new ExportItem.Unreadable("run", plain.Id));
    }

    /// <summary>What cannot be read must not hide the rest.</summary>
    private static async Task<ExportItem> GuardAsync(Func<Task<ExportItem>> read, ExportItem otherwise)
    {
        try
        {
            return await read();
        }
        catch (ContentProtectionException)
        {
            return otherwise;
        }
    }
}
