using Azure;
using Yggdrasil.Agents;
using Yggdrasil.Identity;

namespace Yggdrasil.Work.Batches;

/// <summary>The status of a batch.</summary>
public enum BatchStatus
{
    /// <summary>Its items are being uploaded.</summary>
    Accepting,
    Running,

    /// <summary>Every item has ended, well or not.</summary>
    Completed,

    /// <summary>It was cancelled before every item had ended.</summary>
    Cancelled,
}

/// <summary>A batch as stored in its row: owner, agent and progress.</summary>
public sealed record Batch
{
    public required string Id { get; init; }

    /// <summary>In whose name the items run.</summary>
    public required Caller Caller { get; init; }

    public BatchStatus Status { get; init; }

    /// <summary>Whether its status is one that only a newer version knows. It shows as running, and is left alone.</summary>
    internal bool HasUnknownStatus { get; init; }

    /// <summary>Names the upload whose items are the batch's: one that broke off, or lost against another, has another name.</summary>
    public required string Upload { get; init; }

    /// <summary>Absent while it is being accepted.</summary>
    public AgentSnapshot? Agent { get; init; }

    /// <summary>Where a signed message is to go when it has ended; null for nowhere. Known while it is being accepted only.</summary>
    public string? CallbackUrl { get; init; }

    /// <summary>Whether such a message is wanted.</summary>
    internal bool HasCallback { get; init; }

    /// <summary>A hash of what was uploaded.</summary>
    public string? RequestHash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? CompletedAt { get; init; }

    public bool CancelRequested { get; init; }

    /// <summary>1, and one more for each time that the failed items are tried again.</summary>
    public int Round { get; init; } = 1;

    /// <summary>Whether its removal was begun: it does not exist for anybody any more.</summary>
    public bool IsDeleted { get; init; }

    public ETag ETag { get; init; }

    public bool IsTerminal => Status is BatchStatus.Completed or BatchStatus.Cancelled;

    internal BatchReference Reference => new(Caller.Owner.Partition, Id, Round);

    /// <summary>The partition of its items, unlike any owner's: a third part follows the two of an owner's partition.</summary>
    internal string Items => ItemsOf(Caller.Owner.Partition, Id, Upload);

    internal static string ItemsOf(string partition, string batchId, string upload) => $"{partition}!{batchId}!{upload}";
}

/// <summary>A batch with the counts of its items.</summary>
public sealed record BatchProgress(Batch Batch, BatchCounts Counts, decimal CostUsd);

/// <summary>The counts of a batch's items by status. An item that expired, or could not be started, has failed.</summary>
/// <param name="Running">Of a moment ago.</param>
public sealed record BatchCounts(int Total, int Running, int Completed, int Failed, int Cancelled)
{
    public int Queued => Total - Running - Completed - Failed - Cancelled;

    internal bool AllEnded => Completed + Failed + Cancelled == Total;
}
