namespace Yggdrasil.Client;

/// <summary>That a run or a batch has ended. It never holds content: read that from the run.</summary>
public sealed record CallbackMessage
{
    /// <summary><c>run.completed</c>, <c>run.failed</c>, <c>run.cancelled</c>, <c>run.expired</c>, <c>batch.completed</c> or <c>batch.cancelled</c>.</summary>
    public required string Type { get; init; }

    /// <summary>When it ended.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>What ended.</summary>
    public required CallbackSubject Data { get; init; }
}

/// <summary>A run or a batch that has ended.</summary>
public sealed record CallbackSubject
{
    /// <summary>The run or the batch.</summary>
    public required string Id { get; init; }

    /// <summary>How it ended. See <see cref="RunStatus"/>.</summary>
    public required string Status { get; init; }

    /// <summary>Why a run ended. See <see cref="Client.StopReason"/>.</summary>
    public string? StopReason { get; init; }
}
