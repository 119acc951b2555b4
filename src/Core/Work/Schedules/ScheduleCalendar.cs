using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;
using Yggdrasil.Storage;

namespace Yggdrasil.Work.Schedules;

/// <summary>Which schedules are due at which minute, so that nothing has to be searched for.</summary>
/// <remarks>
/// An entry is written before the row that it is for, and removed after the row names another time. So there may be entries that
/// nothing stands behind, and never a row without one.
/// </remarks>
internal sealed class ScheduleCalendar(StorageClients storage, UnknownValues unknown)
{
    private const string Owner = "Owner";
    private const string Id = "Schedule";

    public async Task AddAsync(CalendarEntry entry, CancellationToken cancellationToken)
    {
        var table = await storage.GetDueTableAsync(cancellationToken);
        var row = new TableEntity(entry.Minute, entry.RowKey) { [Owner] = entry.Partition, [Id] = entry.ScheduleId };
        await table.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellationToken);
    }

    public async Task RemoveAsync(CalendarEntry entry, CancellationToken cancellationToken)
    {
        var table = await storage.GetDueTableAsync(cancellationToken);
        await table.DeleteEntityAsync(entry.Minute, entry.RowKey, ETag.All, cancellationToken);
    }

    /// <summary>What is due by now, the longest overdue first.</summary>
    public async IAsyncEnumerable<CalendarEntry> ListDueAsync(DateTimeOffset now, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var table = await storage.GetDueTableAsync(cancellationToken);
        var range = TableClient.CreateQueryFilter($"PartitionKey ge {CalendarEntry.Prefix} and PartitionKey le {CalendarEntry.MinuteOf(now)}");
        await foreach (var row in table.QueryAsync<TableEntity>(range, cancellationToken: cancellationToken))
        {
            if (row.GetString(Owner) is { } owner && row.GetString(Id) is { } id)
            {
                yield return new CalendarEntry(row.PartitionKey, owner, id, row.Timestamp ?? default);
            }
            else
            {
                unknown.Add("Due", "entry of a schedule", value: null);
            }
        }
    }

    /// <summary>Removes the entries of schedules whose rows are given; the rows themselves are the caller's.</summary>
    public async Task RemoveOfAsync(IEnumerable<TableEntity> rows, CancellationToken cancellationToken)
    {
        foreach (var row in rows)
        {
            if (ScheduleStore.EntryOf(row) is { } entry)
            {
                await RemoveAsync(entry, cancellationToken);
            }
        }
    }
}
