using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Yggdrasil.Identity;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Work.Schedules;

/// <summary>Schedules in the Work table; their input is content and so protected.</summary>
internal sealed class ScheduleStore(StorageClients storage, ContentVault vault)
{
    private const int SchemaVersion = 1;
    private const string Input = "Input";
    private const string NextRunAt = "NextRunAt";

    /// <exception cref="ContentProtectionException">Its input cannot be read.</exception>
    public async Task<Schedule?> FindAsync(string partition, string scheduleId, CancellationToken cancellationToken) =>
        await FindRowAsync(partition, scheduleId, cancellationToken) is { } row ? await ReadAsync(row, cancellationToken) : null;

    /// <summary>A schedule without its input, which need not be readable.</summary>
    public async Task<Schedule?> FindPlainAsync(string partition, string scheduleId, CancellationToken cancellationToken) =>
        await FindRowAsync(partition, scheduleId, cancellationToken) is { } row ? ReadPlain(row) : null;

    /// <summary>Stores a schedule whole over the version it carries, or as new when it carries none.</summary>
    /// <returns>The schedule as stored, or null when the stored one has changed since.</returns>
    public async Task<Schedule?> SaveAsync(Schedule schedule, CancellationToken cancellationToken)
    {
        var row = WriteProgress(schedule);
        var definition = schedule.Definition;
        row["Version"] = SchemaVersion;
        await CallerColumns.WriteRolesAsync(row, schedule.Caller, vault, cancellationToken);
        row["AgentId"] = definition.Agent;
        row["Cron"] = definition.Cron;
        row["TimeZone"] = definition.TimeZone;
        row["ConversationId"] = definition.ConversationId;
        row["CatchUp"] = definition.CatchUp;
        row["Incarnation"] = schedule.Incarnation;
        row["CreatedAt"] = schedule.CreatedAt;
        row["UpdatedAt"] = schedule.UpdatedAt;
        var content = JsonSerializer.SerializeToUtf8Bytes(definition.Input, StoredJson.Options);
        row[Input] = await vault.SealAsync(content, Address(row.PartitionKey, row.RowKey), cancellationToken);
        return await TryAsync(schedule, async table => schedule.ETag == default
            ? await table.AddEntityAsync(row, cancellationToken)
            : await table.UpdateEntityAsync(row, schedule.ETag, TableUpdateMode.Replace, cancellationToken), cancellationToken);
    }

    /// <summary>Notes how a schedule's occurrence went and which is the next, if it is still in the version it carries.</summary>
    /// <returns>The schedule as stored, or null when the stored one has changed since.</returns>
    public Task<Schedule?> AdvanceAsync(Schedule schedule, CancellationToken cancellationToken) => TryAsync(
        schedule,
        table => table.UpdateEntityAsync(WriteProgress(schedule), schedule.ETag, TableUpdateMode.Merge, cancellationToken),
        cancellationToken);

    /// <returns>Whether it was there.</returns>
    public async Task<bool> DeleteAsync(Schedule schedule, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var response = await table.DeleteEntityAsync(
            schedule.Caller.Owner.Partition, RowKeys.Schedule(schedule.Id), ETag.All, cancellationToken);
        return response.Status != NotFound;
    }

    public async Task<int> CountAsync(Owner owner, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        return await table.CountAsync(owner.Partition, RowKeys.SchedulePrefix, cancellationToken);
    }

    /// <summary>The owner's schedules in order of their ids. One whose input cannot be read is shown without it, and hides no other.</summary>
    /// <param name="after">The row key of the last one shown.</param>
    public async Task<ListPage<Schedule>> ListAsync(Owner owner, int limit, string? after, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        return await table.ReadPageAsync(
            owner.Partition, RowKeys.SchedulePrefix, limit, after, row => ReadToShowAsync(row, cancellationToken), cancellationToken);
    }

    /// <exception cref="ContentProtectionException">Its input cannot be read.</exception>
    public async Task<Schedule> ReadAsync(TableEntity row, CancellationToken cancellationToken)
    {
        var plain = ReadPlain(row);
        return plain with
        {
            Caller = await OpenCallerAsync(plain, cancellationToken),
            Definition = plain.Definition with { Input = await OpenInputAsync(plain, cancellationToken) },
        };
    }

    /// <summary>The input of a schedule that was read without it.</summary>
    /// <exception cref="ContentProtectionException">It cannot be read.</exception>
    public async Task<IReadOnlyList<ChatMessage>> OpenInputAsync(Schedule plain, CancellationToken cancellationToken) =>
        await vault.OpenJsonAsync<List<ChatMessage>>(
            plain.StoredInput, Address(plain.Caller.Owner.Partition, RowKeys.Schedule(plain.Id)), cancellationToken);

    /// <summary>The caller of a schedule that was read without its content, with the roles that its owner had when putting it.</summary>
    /// <exception cref="ContentProtectionException">They cannot be read.</exception>
    public async Task<Caller> OpenCallerAsync(Schedule plain, CancellationToken cancellationToken) => plain.Caller with
    {
        Roles = await CallerColumns.OpenRolesAsync(
            plain.StoredRoles, plain.Caller.Owner.Partition, RowKeys.Schedule(plain.Id), vault, cancellationToken),
    };

    /// <summary>Where in the calendar the schedule of a row is; null when it is nowhere, or the row is no schedule.</summary>
    public static CalendarEntry? EntryOf(TableEntity row) =>
        row.RowKey.StartsWith(RowKeys.SchedulePrefix, StringComparison.Ordinal) && ReadTime(row, NextRunAt) is { } next
            ? CalendarEntry.Of(row.PartitionKey, IdOf(row), next)
            : null;

    private async Task<TableEntity?> FindRowAsync(string partition, string scheduleId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Schedule(scheduleId), cancellationToken: cancellationToken);
        return row.HasValue ? row.Value : null;
    }

    private async Task<Schedule> ReadToShowAsync(TableEntity row, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(row, cancellationToken);
        }
        catch (ContentProtectionException)
        {
            return ReadPlain(row) with { LastError = Runs.Model.RunError.ContentUnreadable.Code };
        }
    }

    private async Task<Schedule?> TryAsync(Schedule schedule, Func<TableClient, Task<Response>> write, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        try
        {
            var response = await write(table);
            return schedule with { ETag = response.Headers.ETag ?? default };
        }
        catch (RequestFailedException failure) when (failure.Status is Conflict or PreconditionFailed or NotFound)
        {
            return null;
        }
    }

    /// <summary>A merge leaves out what is null, so what has ended to be is written as the time or text that stands for nothing.</summary>
    private static TableEntity WriteProgress(Schedule schedule) =>
        new(schedule.Caller.Owner.Partition, RowKeys.Schedule(schedule.Id))
        {
            ["Enabled"] = schedule.Definition.Enabled,
            [NextRunAt] = schedule.NextRunAt ?? DateTimeOffset.UnixEpoch,
            ["LastRunAt"] = schedule.LastRunAt,
            ["LastRunId"] = schedule.LastRunId,
            ["LastError"] = schedule.LastError ?? "",
            ["Failures"] = schedule.Failures,
        };

    private static Schedule ReadPlain(TableEntity row) => new()
    {
        Id = IdOf(row),
        Caller = new Caller(Owner.OfPartition(row.PartitionKey), new HashSet<string>()),
        Definition = new ScheduleDefinition
        {
            Agent = row.GetString("AgentId") ?? "",
            Input = [],
            Cron = row.GetString("Cron") ?? "",
            TimeZone = row.GetString("TimeZone") ?? "",
            ConversationId = row.GetString("ConversationId"),
            CatchUp = row.GetBoolean("CatchUp") ?? false,
            Enabled = row.GetBoolean("Enabled") ?? false,
        },
        Incarnation = row.GetString("Incarnation") ?? "",
        CreatedAt = row.GetDateTimeOffset("CreatedAt") ?? default,
        UpdatedAt = row.GetDateTimeOffset("UpdatedAt") ?? default,
        NextRunAt = ReadTime(row, NextRunAt),
        LastRunAt = row.GetDateTimeOffset("LastRunAt"),
        LastRunId = row.GetString("LastRunId"),
        LastError = row.GetString("LastError") is { Length: > 0 } error ? error : null,
        Failures = row.GetInt32("Failures") ?? 0,
        StoredInput = row.GetBinary(Input) ?? [],
        StoredRoles = row.GetBinary(CallerColumns.Roles),
        ETag = row.ETag,
    };

    private static DateTimeOffset? ReadTime(TableEntity row, string property) =>
        row.GetDateTimeOffset(property) is { } time && time > DateTimeOffset.UnixEpoch ? time : null;

    private static string IdOf(TableEntity row) => row.RowKey[RowKeys.SchedulePrefix.Length..];

    private static ContentAddress Address(string partition, string rowKey) => new(StorageClients.WorkTable, partition, rowKey, Input);
}
