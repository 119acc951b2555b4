using Azure;
using Yggdrasil.Identity;

namespace Yggdrasil.Runs.Conversations;

/// <summary>A conversation as stored in its row: which run is active, which ones wait, and which part of its log models are shown.</summary>
/// <remarks>
/// Its log holds what runs have added, an exchange each, and is never changed. Every change of the row goes into the
/// transaction of the run that causes it, under the row's version: so there is always exactly one active run while any run
/// of it has not ended, and the log has no gaps.
/// </remarks>
public sealed record Conversation
{
    public required string Id { get; init; }

    public required Owner Owner { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its last run began or ended.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The agent of its last run.</summary>
    public required string AgentId { get; init; }

    /// <summary>Days it is kept after its last activity, as that agent says; null leaves it to the setting.</summary>
    public int? RetentionDays { get; init; }

    /// <summary>The one run that may be driven; null when none has been started that has not ended.</summary>
    public string? ActiveRun { get; init; }

    /// <summary>The runs that wait, the next one first.</summary>
    public IReadOnlyList<string> Queue { get; init; } = [];

    /// <summary>Runs whose exchange is in the log; also the sequence number of the next exchange.</summary>
    public long Exchanges { get; init; }

    /// <summary>Messages in the log.</summary>
    public long Messages { get; init; }

    /// <summary>The first exchange that models are shown.</summary>
    public long WindowFrom { get; init; }

    /// <summary>How many messages of that exchange, after its first, they are not shown.</summary>
    public int WindowSkip { get; init; }

    /// <summary>Whether the log holds a summary of what comes before that.</summary>
    public bool HasSummary { get; init; }

    /// <summary>It is being deleted: it is not shown, and no run may be started in it.</summary>
    public bool IsDeleted { get; init; }

    /// <summary>The version of the row this was read from or last written as; default for one that is not stored yet.</summary>
    public ETag ETag { get; init; }

    /// <summary>What the active run is shown.</summary>
    internal HistoryRange History => new(WindowFrom, WindowSkip, Exchanges, CreatedAt);
}
