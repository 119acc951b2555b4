namespace Yggdrasil.Agents;

/// <summary>How much of a conversation a model is shown, and what stands for the rest. The stored conversation stays whole.</summary>
/// <param name="MaxTokens">Estimated tokens of one prompt, instructions and tools included; 256 to 2,000,000.</param>
/// <param name="Strategy">What stands for the messages that do not fit.</param>
public sealed record ContextPolicy(int MaxTokens = ContextPolicy.DefaultMaxTokens, ContextStrategy Strategy = ContextStrategy.Truncate)
{
    /// <summary>Within the window of every model in common use (128,000), with room for the answer.</summary>
    public const int DefaultMaxTokens = 100_000;

    public static readonly ContextPolicy Default = new();
}

public enum ContextStrategy
{
    /// <summary>The oldest messages are left out.</summary>
    Truncate,

    /// <summary>A summary stands for the oldest messages. It is made by a model call of its own, which the run pays.</summary>
    Summarize,
}
