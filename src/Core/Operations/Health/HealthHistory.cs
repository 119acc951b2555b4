using System.Globalization;
using System.Text.Json;
using Azure.Data.Tables;
using Yggdrasil.Storage;

namespace Yggdrasil.Operations.Health;

/// <summary>What was found out each minute, for a month: the table Health, a partition for each day, newest row first.</summary>
internal sealed class HealthHistory(StorageClients storage)
{
    private const int SchemaVersion = 1;
    private const string DayFormat = "yyyyMMdd";
    private const int LastMinute = (24 * 60) - 1;

    /// <summary>Days that are kept.</summary>
    public static readonly int Days = 30;

    public async Task AppendAsync(HealthReport report, CancellationToken cancellationToken)
    {
        var table = await storage.GetHealthTableAsync(cancellationToken);
        var row = new TableEntity(DayOf(report.CheckedAt), RowOf(report.CheckedAt))
        {
            ["Schema"] = SchemaVersion,
            ["CheckedAt"] = report.CheckedAt,
            ["Checks"] = JsonSerializer.Serialize(report.Checks, StoredJson.Options),
        };

        // Two instances in one minute have found out the same, or the later one knows better.
        await table.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellationToken);
    }

    /// <summary>The newest report of today or yesterday; null where there is none.</summary>
    public async Task<HealthReport?> FindLatestAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        (await ListAsync(1, after: null, now, days: 2, cancellationToken)).Items is [var latest, ..] ? latest : null;

    /// <summary>Reports, newest first.</summary>
    /// <param name="after">Where the last page ended: day and row.</param>
    /// <returns>A page that may hold fewer than asked for only where the history ends.</returns>
    public Task<ListPage<HealthReport>> ListAsync(int limit, string? after, DateTimeOffset now, CancellationToken cancellationToken) =>
        ListAsync(limit, after, now, Days, cancellationToken);

    /// <summary>Whether a text has the form of a cursor in the history.</summary>
    public static bool IsCursor(string text) =>
        text.Split('!') is [var day, var row] && TryParseDay(day, out _) && row.Length == 4 && row.All(char.IsAsciiDigit);

    /// <summary>Removes what is older than <see cref="Days"/>.</summary>
    public async Task RemoveOldAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var table = await storage.GetHealthTableAsync(cancellationToken);
        var first = DayOf(now.AddDays(-Days));
        var old = table.QueryAsync<TableEntity>(
            TableClient.CreateQueryFilter($"PartitionKey ge {"0"} and PartitionKey lt {first}"), select: ["PartitionKey", "RowKey"], cancellationToken: cancellationToken);
        await foreach (var day in ByDay(old).WithCancellation(cancellationToken))
        {
            foreach (var rows in day.Chunk(100))
            {
                await table.SubmitTransactionAsync(rows.Select(row => new TableTransactionAction(TableTransactionActionType.Delete, row)), cancellationToken);
            }
        }
    }

    private async Task<ListPage<HealthReport>> ListAsync(
        int limit, string? after, DateTimeOffset now, int days, CancellationToken cancellationToken)
    {
        var table = await storage.GetHealthTableAsync(cancellationToken);
        var cursor = after?.Split('!');
        var day = cursor is null || !TryParseDay(cursor[0], out var start) ? now : start;
        List<(HealthReport Report, string Cursor)> found = [];
        for (var first = now.AddDays(-days).Date; day.Date >= first && found.Count <= limit; day = day.AddDays(-1))
        {
            var partition = DayOf(day);
            var from = cursor is not null && cursor[0] == partition ? cursor[1] : "";
            await foreach (var row in table.QueryAsync<TableEntity>(
                TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey gt {from}"), maxPerPage: limit + 1, cancellationToken: cancellationToken))
            {
                if (Read(row) is { } report)
                {
                    found.Add((report, $"{partition}!{row.RowKey}"));
                }

                if (found.Count > limit)
                {
                    break;
                }
            }
        }

        return new ListPage<HealthReport>(
            [.. found.Take(limit).Select(item => item.Report)], found.Count > limit ? found[limit - 1].Cursor : null);
    }

    private static async IAsyncEnumerable<List<TableEntity>> ByDay(IAsyncEnumerable<TableEntity> rows)
    {
        List<TableEntity> day = [];
        await foreach (var row in rows)
        {
            if (day.Count > 0 && day[0].PartitionKey != row.PartitionKey)
            {
                yield return day;
                day = [];
            }

            day.Add(row);
        }

        if (day.Count > 0)
        {
            yield return day;
        }
    }

    /// <summary>Null for one that only a newer version can read.</summary>
    private static HealthReport? Read(TableEntity row)
    {
        try
        {
            return new HealthReport(
                row.GetDateTimeOffset("CheckedAt") ?? default,
                JsonSerializer.Deserialize<List<HealthCheck>>(row.GetString("Checks") ?? "[]", StoredJson.Options) ?? []);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string DayOf(DateTimeOffset at) => at.UtcDateTime.ToString(DayFormat, CultureInfo.InvariantCulture);

    private static string RowOf(DateTimeOffset at) => (LastMinute - (int)at.UtcDateTime.TimeOfDay.TotalMinutes).ToString("0000", CultureInfo.InvariantCulture);

    private static bool TryParseDay(string text, out DateTimeOffset day) => DateTimeOffset.TryParseExact(
        text, DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out day);
}
