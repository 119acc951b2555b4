using Azure;
using Azure.Data.Tables;
using Yggdrasil.Storage;

namespace Yggdrasil.Operations.Reprotection;

/// <summary>How far a scan of the tables that hold content has come, as its row says: where the next run of the timer goes on.</summary>
internal sealed record ReprotectionScan
{
    // Partitions of owners hold a '!', so this one is nobody's.
    public const string Partition = "system";
    public const string Row = "reprotection";

    private const int SchemaVersion = 1;

    /// <summary>The key that was the newest when the scan began. Another one begins a scan of its own.</summary>
    public required string KeyId { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it had seen every row; null while it goes on.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>The table that is being scanned: owners' rows, then items of batches.</summary>
    public string Table { get; init; } = StorageClients.WorkTable;

    /// <summary>The last row it has seen of the table; empty at its beginning.</summary>
    public string AfterPartition { get; init; } = "";

    public string AfterRow { get; init; } = "";

    public long Rows { get; init; }

    /// <summary>Values re-encrypted.</summary>
    public long Renewed { get; init; }

    /// <summary>Rows that somebody else changed or deleted meanwhile; the next scan looks at them again.</summary>
    public long Skipped { get; init; }

    /// <summary>Values that no configured key can read.</summary>
    public long Unreadable { get; init; }

    /// <summary>The version of its row; default for one that is not stored yet.</summary>
    public ETag ETag { get; init; }

    /// <summary>The scan once it has seen every row of its table.</summary>
    public ReprotectionScan AfterTable(DateTimeOffset now) => Table == StorageClients.WorkTable
        ? this with { Table = StorageClients.BatchItemsTable, AfterPartition = "", AfterRow = "" }
        : this with { CompletedAt = now };

    public static ReprotectionScan Read(TableEntity row) => new()
    {
        KeyId = row.GetString(nameof(KeyId)),
        StartedAt = row.GetDateTimeOffset(nameof(StartedAt)) ?? default,
        CompletedAt = row.GetDateTimeOffset(nameof(CompletedAt)),
        Table = row.GetString(nameof(Table)) ?? StorageClients.WorkTable,
        AfterPartition = row.GetString(nameof(AfterPartition)),
        AfterRow = row.GetString(nameof(AfterRow)),
        Rows = row.GetInt64(nameof(Rows)) ?? 0,
        Renewed = row.GetInt64(nameof(Renewed)) ?? 0,
        Skipped = row.GetInt64(nameof(Skipped)) ?? 0,
        Unreadable = row.GetInt64(nameof(Unreadable)) ?? 0,
        ETag = row.ETag,
    };

    public TableEntity Write() => new(Partition, Row)
    {
        ["Version"] = SchemaVersion,
        [nameof(KeyId)] = KeyId,
        [nameof(StartedAt)] = StartedAt,
        [nameof(CompletedAt)] = CompletedAt,
        [nameof(Table)] = Table,
        [nameof(AfterPartition)] = AfterPartition,
        [nameof(AfterRow)] = AfterRow,
        [nameof(Rows)] = Rows,
        [nameof(Renewed)] = Renewed,
        [nameof(Skipped)] = Skipped,
        [nameof(Unreadable)] = Unreadable,
    };

    /// <summary>What the next run has to do: this scan, a new one, or nothing (null).</summary>
    /// <remarks>
    /// A scan that renewed something is followed by another: instances that learned of the key late may have written with
    /// the old one behind its back.
    /// </remarks>
    public static ReprotectionScan? Next(ReprotectionScan? last, string newestKeyId, DateTimeOffset now, TimeSpan rest)
    {
        var begin = new ReprotectionScan { KeyId = newestKeyId, StartedAt = now, ETag = last?.ETag ?? default };
        return last switch
        {
            null => begin,
            _ when last.KeyId != newestKeyId => begin,
            { CompletedAt: null } => last,
            { Renewed: > 0 } or { Skipped: > 0 } => begin,
            _ => now >= last.CompletedAt + rest ? begin : null,
        };
    }
}
