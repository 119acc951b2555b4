using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Work.Batches;

/// <summary>What a caller uploads: read once, item by item, never whole in memory.</summary>
public abstract class BatchUpload
{
    /// <summary>Items of one batch at most.</summary>
    public const int MaxItems = 10_000;

    /// <summary>The items in order.</summary>
    /// <exception cref="InvalidRequestException">What was read so far is not a batch.</exception>
    /// <exception cref="PayloadTooLargeException">It is too long.</exception>
    public abstract IAsyncEnumerable<NewBatchItem> ReadAsync(CancellationToken cancellationToken);

    /// <summary>What came before, between or after the items: known once all have been read.</summary>
    /// <exception cref="InvalidRequestException">It is not that of a batch.</exception>
    public abstract BatchHeader Header { get; }
}

/// <param name="Hash">Of all that was uploaded.</param>
public sealed record BatchHeader(string AgentId, string? CallbackUrl, string Hash);
