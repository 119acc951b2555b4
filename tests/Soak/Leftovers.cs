using Azure.Data.Tables;

namespace Yggdrasil.Soak;

/// <summary>What must not be left in storage when no run goes on. Read from the rows themselves, not through the app.</summary>
internal static class Leftovers
{
    private static readonly string[] Terminal = ["Completed", "Failed", "Cancelled", "Expired"];

    public static async Task<(int Runs, IReadOnlyList<string> Problems)> FindAsync(string connectionString)
    {
        List<string> problems = [];
        var runs = 0;
        var work = new TableClient(connectionString, "Work");
        await foreach (var row in work.QueryAsync<TableEntity>())
        {
            if (row.RowKey == "quota" && row.GetString("Reservations") is { Length: > 0 } reservations)
            {
                problems.Add($"{row.PartitionKey} holds {reservations.Split('\n').Length} reservations.");
            }

            if (IsRun(row.RowKey))
            {
                runs++;
                problems.AddRange(Find(row));
            }
        }

        return (runs, problems);
    }

    private static IEnumerable<string> Find(TableEntity run)
    {
        if (!Terminal.Contains(run.GetString("Status")))
        {
            yield return $"{run.RowKey} is {run.GetString("Status")}.";
        }

        if (run.GetDateTimeOffset("LeaseUntil") > DateTimeOffset.UnixEpoch)
        {
            yield return $"{run.RowKey} has a lease until {run.GetDateTimeOffset("LeaseUntil"):O}.";
        }

        if (run.GetDateTimeOffset("HeldUntil") > DateTimeOffset.UnixEpoch)
        {
            yield return $"{run.RowKey} holds a place until {run.GetDateTimeOffset("HeldUntil"):O}.";
        }

        var used = run.GetInt64("InputTokens") + run.GetInt64("OutputTokens");
        if (run.GetInt64("AccountedTokens") != used)
        {
            yield return $"{run.RowKey} used {used} tokens, of which {run.GetInt64("AccountedTokens")} are accounted for.";
        }
    }

    private static bool IsRun(string rowKey) =>
        rowKey.StartsWith("run!", StringComparison.Ordinal) && rowKey.IndexOf('!', "run!".Length) < 0;
}
