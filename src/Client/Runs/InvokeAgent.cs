using System.Text.Json;

namespace Yggdrasil.Client;

/// <summary>What a run within the request is to do.</summary>
public sealed record InvokeAgent
{
    /// <summary>A text, or messages of which the last is a user's; 256 KiB of UTF-8 at most.</summary>
    public required RunInput Input { get; init; }

    /// <summary>Whether the run's events have the model's text as it is written.</summary>
    public bool? Stream { get; init; }

    /// <summary>Model calls; at most the agent's own.</summary>
    public int? MaxTurns { get; init; }

    /// <summary>Appended to the agent's, marked as the caller's; 32 KiB of UTF-8 at most.</summary>
    public string? Instructions { get; init; }

    /// <summary>In place of the agent's.</summary>
    public double? Temperature { get; init; }

    /// <summary>Of one answer; the lower of this and the agent's counts.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>In place of the agent's: one of its <c>allowedModels</c>, or else of the setting <c>Agents__AllowedModels</c>.</summary>
    public string? Model { get; init; }

    /// <summary>The share of the likeliest words that the model chooses from, 0 to 1.</summary>
    public double? TopP { get; init; }

    /// <summary>The lower of this and the agent's counts.</summary>
    public int? MaxToolCalls { get; init; }

    /// <summary>How much a reasoning model thinks before it answers; absent leaves the provider's default. One of <c>none</c>, <c>low</c>, <c>medium</c>, <c>high</c>, <c>xhigh</c>.</summary>
    public string? ReasoningEffort { get; init; }

    /// <summary>The JSON schema of the answer. An agent with a schema of its own takes only the same.</summary>
    public JsonElement? ResponseSchema { get; init; }

    /// <summary><c>none</c>: the model is told of no tools. <c>required</c>: its first answer calls one.</summary>
    public string? ToolChoice { get; init; }

    /// <summary>Seconds until the run expires.</summary>
    public int? DeadlineSeconds { get; init; }

    /// <summary>The caller's own notes, which the run keeps.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}
