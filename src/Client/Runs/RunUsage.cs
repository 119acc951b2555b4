namespace Yggdrasil.Client;

/// <summary>What a run has used so far.</summary>
public sealed record RunUsage
{
    /// <summary>Tokens that models were sent.</summary>
    public required long InputTokens { get; init; }

    /// <summary>Tokens that models answered.</summary>
    public required long OutputTokens { get; init; }

    /// <summary>Both together.</summary>
    public required long TotalTokens { get; init; }

    /// <summary>Of <c>inputTokens</c>, those that providers had in their own caches; absent while none were reported.</summary>
    public long? CachedInputTokens { get; init; }

    /// <summary>Of <c>inputTokens</c>, those that providers wrote to their own caches; absent while none were reported.</summary>
    public long? CacheWriteInputTokens { get; init; }

    /// <summary>Of <c>outputTokens</c>, those that models thought with; absent while none were reported.</summary>
    public long? ReasoningTokens { get; init; }

    /// <summary>Answers that models were asked for, those of the response cache excepted.</summary>
    public required int ModelCalls { get; init; }

    /// <summary>Tool calls.</summary>
    public required int ToolCalls { get; init; }

    /// <summary>US dollars, of the calls whose model has a known price.</summary>
    public required decimal CostUsd { get; init; }

    /// <summary>True where part of it is an estimate: a provider reported nothing, or an answer was cut off.</summary>
    public bool? Estimated { get; init; }

    /// <summary>Models of which <c>costUsd</c> leaves out at least one call; absent when it has all.</summary>
    public IReadOnlyList<string>? UnpricedModels { get; init; }

    /// <summary>This and what the runs below it have used; absent where there are none.</summary>
    public RunUsage? WithChildren { get; init; }
}
