using System.Globalization;
using Azure;
using Azure.Data.Tables;

namespace Yggdrasil.Work.Batches;

/// <summary>How many items of a batch are where: changed in the transactions that change the items, so it is never wrong.</summary>
internal sealed record BatchHead
{
    public required int Total { get; init; }

    public int HandedOver { get; init; }

    public int Completed { get; init; }

    public int Failed { get; init; }

    public int Cancelled { get; init; }

    /// <summary>Of all runs of items, those of earlier rounds too.</summary>
    public decimal CostUsd { get; init; }

    /// <summary>No item before this one is pending.</summary>
    public int From { get; init; }

    /// <summary>No item from this one on has been begun: written before the first of them is.</summary>
    public int Begun { get; init; }

    /// <summary>Items that are being run by the batch. Of the last time that something was counted; for show only.</summary>
    public int InHand { get; init; }

    /// <summary>When the runs of items that were handed over were last looked at; null for never.</summary>
    public DateTimeOffset? LookedAt { get; init; }

    /// <summary>The round for which the failed items have been made pending again.</summary>
    public int Round { get; init; } = 1;

    public ETag ETag { get; init; }

    public int Pending => Total - HandedOver - Completed - Failed - Cancelled;

    public BatchCounts Counts => new(Total, Math.Min(InHand, Pending) + HandedOver, Completed, Failed, Cancelled);

    /// <summary>The head once an item has gone from one state to another.</summary>
    public BatchHead Move(BatchItemState from, BatchItemState to, decimal costUsd) => Add(from, -1).Add(to, 1) with { CostUsd = CostUsd + costUsd };

    public TableEntity Write(string partition, string key) => new(partition, key)
    {
        ["Total"] = Total,
        ["HandedOver"] = HandedOver,
        ["Completed"] = Completed,
        ["Failed"] = Failed,
        ["Cancelled"] = Cancelled,
        ["CostUsd"] = CostUsd.ToString(CultureInfo.InvariantCulture),
        ["From"] = From,
        ["Begun"] = Begun,
        ["InHand"] = InHand,
        ["LookedAt"] = LookedAt,
        ["Round"] = Round,
    };

    public static BatchHead Read(TableEntity row) => new()
    {
        Total = row.GetInt32("Total") ?? 0,
        HandedOver = row.GetInt32("HandedOver") ?? 0,
        Completed = row.GetInt32("Completed") ?? 0,
        Failed = row.GetInt32("Failed") ?? 0,
        Cancelled = row.GetInt32("Cancelled") ?? 0,
        CostUsd = decimal.TryParse(row.GetString("CostUsd"), CultureInfo.InvariantCulture, out var cost) ? cost : 0,
        From = row.GetInt32("From") ?? 0,
        Begun = row.GetInt32("Begun") ?? 0,
        InHand = row.GetInt32("InHand") ?? 0,
        LookedAt = row.GetDateTimeOffset("LookedAt"),
        Round = row.GetInt32("Round") ?? 1,
        ETag = row.ETag,
    };

    private BatchHead Add(BatchItemState state, int count) => state switch
    {
        BatchItemState.HandedOver => this with { HandedOver = HandedOver + count },
        BatchItemState.Completed => this with { Completed = Completed + count },
        BatchItemState.Failed => this with { Failed = Failed + count },
        BatchItemState.Cancelled => this with { Cancelled = Cancelled + count },
        _ => this,
    };
}
