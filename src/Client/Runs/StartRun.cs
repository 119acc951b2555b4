using System.Text.Json;

namespace Yggdrasil.Client;

/// <summary>What a run is to do.</summary>
public sealed record StartRun
{
    /// <summary>A text, or messages of which the last is a user's; 256 KiB of UTF-8 at most.</summary>
    public required RunInput Input { get; init; }

    /// <summary>Whether the run's events have the model's text as it is written. Where <c>Accept</c> asks for events, true unless said otherwise.</summary>
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

    /// <summary>Tools that the caller makes: the run waits for its answers. With the agent's own at most 64.</summary>
    public IReadOnlyList<ClientTool>? ClientTools { get; init; }

    /// <summary>The conversation that the run continues or begins; the input is then a text.</summary>
    public string? ConversationId { get; init; }

    /// <summary>What happens when the conversation has an active run: 409, wait for it, or cancel it. Only with <c>conversationId</c>; <c>reject</c> by default. See <see cref="Client.OnConflict"/>.</summary>
    public string? OnConflict { get; init; }

    /// <summary>Seconds until the run expires; the agent's by default.</summary>
    public int? DeadlineSeconds { get; init; }

    /// <summary>The caller's own notes, which the run keeps.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Who is to be told of the end. The caller needs a callback secret.</summary>
    public CallbackAddress? Callback { get; init; }
}

/// <summary>A tool that the caller makes.</summary>
public sealed record ClientTool
{
    /// <summary>What the model calls it; no tool of the agent has this name.</summary>
    public required string Name { get; init; }

    /// <summary>What the model is told of it; 4 KiB of UTF-8 at most.</summary>
    public string? Description { get; init; }

    /// <summary>The JSON schema of its arguments, an object; 64 KiB at most. Absent for none.</summary>
    public JsonElement? Parameters { get; init; }
}

/// <summary>Who is to be told of the end. The caller needs a callback secret.</summary>
public sealed record CallbackAddress
{
    /// <summary>Where the message goes, over https.</summary>
    public required Uri Url { get; init; }
}

/// <summary>What happens when the conversation has an active run: 409, wait for it, or cancel it. Only with <c>conversationId</c>; <c>reject</c> by default.</summary>
/// <remarks>Later versions of the server may answer others.</remarks>
public static class OnConflict
{
    /// <summary><c>reject</c></summary>
    public const string Reject = "reject";

    /// <summary><c>enqueue</c></summary>
    public const string Enqueue = "enqueue";

    /// <summary><c>interrupt</c></summary>
    public const string Interrupt = "interrupt";
}
