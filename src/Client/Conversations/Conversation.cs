using System.Text.Json;

namespace Yggdrasil.Client;

/// <summary>A conversation.</summary>
public sealed record Conversation
{
    /// <summary>The conversation's id.</summary>
    public required string Id { get; init; }

    /// <summary>The agent of its last run; absent where there was none.</summary>
    public string? Agent { get; init; }

    /// <summary>Runs that have ended and are part of it, and additions of its owner.</summary>
    public required int Runs { get; init; }

    /// <summary>Messages of all of these.</summary>
    public required int Messages { get; init; }

    /// <summary>The run at work in it.</summary>
    public string? ActiveRunId { get; init; }

    /// <summary>The runs that wait for that one, in order.</summary>
    public required IReadOnlyList<string> QueuedRunIds { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last active.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>A message of a conversation.</summary>
public sealed record Message
{
    /// <summary>The message's id.</summary>
    public required string Id { get; init; }

    /// <summary>The run that it is part of; absent where its owner added it.</summary>
    public string? RunId { get; init; }

    /// <summary>Whose message it is.</summary>
    public required string Role { get; init; }

    /// <summary>Its text; for a tool, what the call came to.</summary>
    public required string Content { get; init; }

    /// <summary>What the model asked for.</summary>
    public IReadOnlyList<ToolCall>? ToolCalls { get; init; }

    /// <summary>For a tool: the call that this is the result of.</summary>
    public string? CallId { get; init; }

    /// <summary>When it was said.</summary>
    public DateTimeOffset? CreatedAt { get; init; }
}

/// <summary>A tool call that a model asked for.</summary>
public sealed record ToolCall
{
    /// <summary>The call, as in the steps of its run.</summary>
    public required string CallId { get; init; }

    /// <summary>The tool.</summary>
    public required string Name { get; init; }

    /// <summary>What it is called with.</summary>
    public JsonElement? Arguments { get; init; }
}
