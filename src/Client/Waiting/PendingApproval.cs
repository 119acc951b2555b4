using System.Text.Json;

namespace Yggdrasil.Client;

/// <summary>A tool call that waits for a human.</summary>
public sealed record PendingApproval
{
    /// <summary>The call, for the path of the decision.</summary>
    public required string CallId { get; init; }

    /// <summary>The tool.</summary>
    public required string Tool { get; init; }

    /// <summary>What the model wants to call it with.</summary>
    public required JsonElement Arguments { get; init; }

    /// <summary>Opaque; to be repeated by the decision.</summary>
    public required string ArgumentsHash { get; init; }

    /// <summary>Until when it can be decided.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>A call of a tool that the caller makes.</summary>
public sealed record PendingToolCall
{
    /// <summary>The call, for the path of the answer.</summary>
    public required string CallId { get; init; }

    /// <summary>The tool.</summary>
    public required string Name { get; init; }

    /// <summary>What the model wants to call it with; they fit the tool's <c>parameters</c>.</summary>
    public required JsonElement Arguments { get; init; }

    /// <summary>Until when it can be answered.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}
