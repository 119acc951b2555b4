namespace Yggdrasil.Client;

/// <summary>Which runs a list has; what is null is not asked for.</summary>
public sealed record RunFilter
{
    /// <summary>Only runs with this status. See <see cref="RunStatus"/>.</summary>
    public string? Status { get; init; }

    /// <summary>Only runs of this agent.</summary>
    public string? Agent { get; init; }

    /// <summary>Only runs of this conversation.</summary>
    public string? ConversationId { get; init; }

    /// <summary>Only runs that calls of this run were made as.</summary>
    public string? Parent { get; init; }

    /// <summary>Only runs with these pairs.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Only runs that were created then or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only runs that were created before.</summary>
    public DateTimeOffset? Until { get; init; }
}
