namespace Yggdrasil.Runs.Events;

internal enum LiveKind
{
    /// <summary>The model said something.</summary>
    Text,

    /// <summary>What it said in this turn so far is void.</summary>
    Restarted,

    /// <summary>A tool call began.</summary>
    ToolStarted,
}

/// <summary>What happened in a step before that was committed; void once another epoch drives the run.</summary>
internal sealed record LiveEvent
{
    /// <summary>The lease under which it happened.</summary>
    public required int Epoch { get; init; }

    /// <summary>Its place among the live events of the epoch, from 1.</summary>
    public required long Sequence { get; init; }

    /// <summary>The sequence number of the next journal entry at the time: it belongs after all entries before that.</summary>
    public required long Position { get; init; }

    public required LiveKind Kind { get; init; }

    public required int Turn { get; init; }

    public string? Text { get; init; }

    public string? CallId { get; init; }

    public string? Tool { get; init; }
}
