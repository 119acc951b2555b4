using System.Text.Json;
using System.Text.Json.Serialization;

namespace Yggdrasil.Client;

/// <summary>An event of a run. Those that are lasting are the recorded steps: whoever reads, and whenever, gets the same ones in the same order.</summary>
public abstract record RunEvent
{
    private protected RunEvent()
    {
    }

    /// <summary>Opaque: where <see cref="RunsClient.StreamAsync(string, string?, CancellationToken)"/> may go on after.</summary>
    [JsonIgnore]
    public string EventId { get; init; } = "";

    /// <summary>Whether every reader is told it; false for what only those see who read at that time.</summary>
    [JsonIgnore]
    public virtual bool IsLasting => true;
}

/// <summary>The run exists.</summary>
public sealed record RunStartedEvent : RunEvent
{
    /// <summary>The run.</summary>
    [JsonPropertyName("id")]
    public required string RunId { get; init; }

    /// <summary>Its agent.</summary>
    public required string Agent { get; init; }

    /// <summary>The version of the agent.</summary>
    public required int AgentVersion { get; init; }

    /// <summary>Its conversation.</summary>
    public string? ConversationId { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The run has ended; nothing comes after.</summary>
/// <param name="Run">The run with its output, or with why it has none.</param>
public sealed record RunEndedEvent(Run Run) : RunEvent;

/// <summary>An event of a later version of the server.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Data">Its data.</param>
public sealed record UnknownRunEvent(string Type, JsonElement Data) : RunEvent;
