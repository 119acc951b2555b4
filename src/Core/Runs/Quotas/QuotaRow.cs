using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Azure;
using Azure.Data.Tables;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Limits;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Quotas;

/// <summary>An owner's quota as a row of the Work table. Texts and not binaries: those are protected content here.</summary>
/// <remarks>
/// <code>
///   Agents        key tokens cost requests taken at        a line for each agent, and each API key, that is counted
///   Reservations  run tokens micro-dollars until agent key a line for each run; numbers in hexadecimal, agent and API key by the numbers
///                                                          of their lines, each where there is one
/// </code>
/// So 500 reservations stay under the 64 KiB that a property may have.
/// </remarks>
internal static class QuotaRow
{
    private const int SchemaVersion = 1;
    private const decimal MicrosPerDollar = 1_000_000;
    private const string DayFormat = "yyyyMMdd";
    private static readonly TimeSpan UpdateTakes = TimeSpan.FromSeconds(30);

    /// <summary>The changes that make the stored rows say what <paramref name="state"/> says, if the quota's is still in its version.</summary>
    public static IReadOnlyList<TableTransactionAction> Write(string partition, QuotaState state, ETag version)
    {
        var row = Used(new TableEntity(partition, RowKeys.Quota), state.Day, state.Total);
        var agents = state.Agents.Keys.Order(StringComparer.Ordinal).ToList();
        row["Taken"] = state.Total.Bucket.Taken;
        row["TakenAt"] = Ticks(state.Total.Bucket.At);
        row["Agents"] = string.Join('\n', agents.Select(key => WriteAgent(key, state.Agents[key])));
        row["Reservations"] = string.Join('\n', state.Reservations.Select(held => WriteReservation(held.Key, held.Value, agents)));
        TableTransactionAction quota = version == default
            ? new(TableTransactionActionType.Add, row)
            : new(TableTransactionActionType.UpdateMerge, row, version);
        return state.Closed is not var (day, meter)
            ? [quota]
            : [quota, new(TableTransactionActionType.UpsertReplace, Used(new TableEntity(partition, RowKeys.UsageOf(day)), day, meter))];
    }

    /// <summary>Whether this version can read the row; a newer one writes rows of its own form while an update goes through.</summary>
    public static bool IsKnown(TableEntity row) => (row.GetInt32("Version") ?? SchemaVersion) <= SchemaVersion;

    /// <exception cref="StorageUnavailableException">A newer version wrote it: what it counts may not be lost, so nothing is counted here.</exception>
    public static QuotaState Read(TableEntity row)
    {
        RequireKnown(row);
        var agents = Lines(row, "Agents").Select(ReadAgent).ToList();
        var (day, total) = ReadUsed(row);
        return new QuotaState
        {
            Day = day,
            Total = total with { Bucket = new RateBucket(row.GetDouble("Taken") ?? 0, Time(row.GetInt64("TakenAt") ?? 0)) },
            Agents = agents.ToImmutableDictionary(agent => agent.Key, agent => agent.Meter),
            Reservations = Lines(row, "Reservations").Select(line => ReadReservation(line, agents)).ToImmutableDictionary(),
        };
    }

    /// <summary>A day's use, of the quota's row or of an earlier day's.</summary>
    /// <exception cref="StorageUnavailableException">A newer version wrote it.</exception>
    public static (DateOnly Day, QuotaMeter Meter) ReadUsed(TableEntity row)
    {
        RequireKnown(row);
        return (
            DateOnly.ParseExact(row.GetString("Day"), DayFormat, CultureInfo.InvariantCulture),
            new QuotaMeter(
                new QuotaAmount(row.GetInt64("Tokens") ?? 0, Decimal(row.GetString("CostUsd") ?? "0")), row.GetInt64("Requests") ?? 0, default));
    }

    private static void RequireKnown(TableEntity row)
    {
        if (!IsKnown(row))
        {
            throw new StorageUnavailableException("The quota was written by a newer version of this service; try again when the update is through.", UpdateTakes);
        }
    }

    private static TableEntity Used(TableEntity row, DateOnly day, QuotaMeter meter)
    {
        row["Version"] = SchemaVersion;
        row["Day"] = day.ToString(DayFormat, CultureInfo.InvariantCulture);
        row["Tokens"] = meter.Used.Tokens;
        row["CostUsd"] = meter.Used.CostUsd.ToString(CultureInfo.InvariantCulture);
        row["Requests"] = meter.Requests;
        return row;
    }

    private static string WriteAgent(string key, QuotaMeter meter) => string.Create(
        CultureInfo.InvariantCulture,
        $"{key} {meter.Used.Tokens} {meter.Used.CostUsd} {meter.Requests} {meter.Bucket.Taken:R} {Ticks(meter.Bucket.At)}");

    private static (string Key, QuotaMeter Meter) ReadAgent(string line)
    {
        var parts = line.Split(' ');
        return (parts[0], new QuotaMeter(
            new QuotaAmount(Long(parts[1]), Decimal(parts[2])),
            Long(parts[3]),
            new RateBucket(double.Parse(parts[4], CultureInfo.InvariantCulture), Time(Long(parts[5])))));
    }

    /// <remarks>Whole seconds and millionths of a dollar are enough for what is only reserved, if rounded up.</remarks>
    private static string WriteReservation(string runId, Reservation reservation, List<string> agents)
    {
        var (amount, until) = (reservation.Amount, reservation.Until);
        var line = new StringBuilder(48).Append(runId).Append(' ')
            .Append(CultureInfo.InvariantCulture, $"{amount.Tokens:x} {(long)Math.Ceiling(amount.CostUsd * MicrosPerDollar):x} {Seconds(until):x}");
        foreach (var key in new[] { reservation.AgentKey, reservation.ApiKey }.OfType<string>())
        {
            if (agents.BinarySearch(key, StringComparer.Ordinal) is >= 0 and var number)
            {
                line.Append(CultureInfo.InvariantCulture, $" {number:x}");
            }
        }

        return line.ToString();
    }

    private static KeyValuePair<string, Reservation> ReadReservation(string line, List<(string Key, QuotaMeter Meter)> agents)
    {
        var parts = line.Split(' ');
        string[] keys = [.. parts.Skip(4).Select(number => agents[(int)Hex(number)].Key)];
        return new(parts[0], new Reservation(
            new QuotaAmount(Hex(parts[1]), Hex(parts[2]) / MicrosPerDollar),
            DateTimeOffset.FromUnixTimeSeconds(Hex(parts[3])),
            Array.Find(keys, key => !QuotaBounds.IsApiKey(key)),
            Array.Find(keys, QuotaBounds.IsApiKey)));
    }

    private static string[] Lines(TableEntity row, string property) =>
        (row.GetString(property) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static long Seconds(DateTimeOffset time) => (time.ToUnixTimeMilliseconds() + 999) / 1000;

    // A day that was never used has the first of all times, which tables do not store as a date.
    private static long Ticks(DateTimeOffset time) => time.UtcTicks;

    private static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);

    private static long Long(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static long Hex(string text) => long.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static decimal Decimal(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);
}
