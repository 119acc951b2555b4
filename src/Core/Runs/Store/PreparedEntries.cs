using Azure.Data.Tables;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Store;

/// <summary>Journal entries with their numbers, and the rows that add them.</summary>
internal sealed record PreparedEntries(IReadOnlyList<JournalEntry> Entries, IReadOnlyList<TableTransactionAction> Rows)
{
    public static readonly PreparedEntries None = new([], []);

    public PreparedEntries Then(PreparedEntries next) => new([.. Entries, .. next.Entries], [.. Rows, .. next.Rows]);

    /// <summary>What is left once the first <paramref name="count"/> were written.</summary>
    public PreparedEntries After(int count) => new([.. Entries.Skip(count)], [.. Rows.Skip(count)]);
}
