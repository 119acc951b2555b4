using System.Text.Json.Serialization;

namespace Yggdrasil.Client;

/// <summary>A piece of what the model writes, while it writes and where the run has <c>stream</c>. It is void once the turn restarts.</summary>
public sealed record ModelDeltaEvent : RunEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override bool IsLasting => false;

    /// <summary>The turn, from 1.</summary>
    public required int Turn { get; init; }

    /// <summary>What comes next.</summary>
    public required string Text { get; init; }
}

/// <summary>The deltas of this turn so far are void: a provider broke off, or another instance took over.</summary>
public sealed record ModelRestartedEvent : RunEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override bool IsLasting => false;

    /// <summary>The turn that begins anew, from 1.</summary>
    public required int Turn { get; init; }
}

/// <summary>The model has answered.</summary>
public sealed record ModelCompletedEvent : RunEvent
{
    /// <summary>The turn, from 1.</summary>
    public required int Turn { get; init; }

    /// <summary>The whole text, for those who have missed deltas too.</summary>
    public required string Text { get; init; }

    /// <summary>What the model wants to call.</summary>
    public required IReadOnlyList<ToolCall> ToolCalls { get; init; }

    /// <summary>How the answer ended. See <see cref="Client.FinishReason"/>.</summary>
    public string? FinishReason { get; init; }

    /// <summary>What the provider calls the model that answered.</summary>
    public string? ResponseModel { get; init; }

    /// <summary>True where the run that this one was forked from got it.</summary>
    public bool? Inherited { get; init; }
}
