using Azure;
using Microsoft.Extensions.AI;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Work.Batches;

/// <summary>Where an item stands. Its run knows more; what is here is what the batch has counted.</summary>
internal enum BatchItemState
{
    /// <summary>Of an item whose state only a newer version knows: it is left alone. Never written.</summary>
    Unknown = -1,

    /// <summary>Waits, or is being run by its batch.</summary>
    Pending,

    /// <summary>Its run goes on without its batch, which learns of its end.</summary>
    HandedOver,
    Completed,
    Failed,
    Cancelled,
}

/// <summary>An item as it is uploaded.</summary>
/// <param name="Id">The caller's, unique within the batch.</param>
public sealed record NewBatchItem(string Id, IReadOnlyList<ChatMessage> Input);

/// <summary>An item as its row says it is.</summary>
/// <param name="Index">Its place in the upload, from 0.</param>
/// <param name="Round">That in which it is run, or was last.</param>
/// <param name="Status">How its run ended; null before, and for one that never ran.</param>
/// <param name="Error">Why it could not be started.</param>
/// <param name="Input">As it is stored, where it was read.</param>
internal sealed record BatchItem(
    int Index, string Id, BatchItemState State, int Round, RunStatus? Status, RunError? Error, byte[]? Input, ETag ETag)
{
    public bool HasEnded => State is BatchItemState.Completed or BatchItemState.Failed or BatchItemState.Cancelled;
}

/// <summary>What is to be counted of an item.</summary>
/// <param name="CostUsd">What its run has cost.</param>
internal sealed record BatchItemResult(
    int Index, int Round, BatchItemState State, RunStatus? Status = null, RunError? Error = null, decimal CostUsd = 0)
{
    public static BatchItemResult Of(int index, int round, RunHead ended) => new(
        index,
        round,
        ended.Status switch
        {
            RunStatus.Completed => BatchItemState.Completed,
            RunStatus.Cancelled => BatchItemState.Cancelled,
            _ => BatchItemState.Failed,
        },
        ended.Status,
        CostUsd: ended.Usage.CostUsd);

    /// <summary>An item whose run was deleted before it was counted.</summary>
    public static BatchItemResult Deleted(BatchItem item) =>
        Failed(item.Index, item.Round, new RunError("deleted", "The run of this item was deleted."));

    /// <summary>An item that has no run.</summary>
    public static BatchItemResult Failed(int index, int round, RunError error) => new(index, round, BatchItemState.Failed, RunStatus.Failed, error);
}

/// <summary>An item as callers see it.</summary>
/// <param name="Run">Null where it never had one, or has none any more.</param>
public sealed record BatchItemOutcome(string Id, string? RunId, RunStatus Status, RunError? Error, Run? Run);
