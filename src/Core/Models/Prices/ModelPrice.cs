using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Prices;

/// <summary>What a model costs, in US dollars per million tokens.</summary>
/// <param name="Input">Input tokens.</param>
/// <param name="Output">Output tokens; reasoning tokens are output.</param>
/// <param name="CachedInput">Input tokens that the provider had in its own prompt cache; null: as <paramref name="Input"/>.</param>
public sealed record ModelPrice(decimal Input, decimal Output, decimal? CachedInput = null)
{
    private const decimal Million = 1_000_000;

    /// <summary>Under which name Anthropic's adapter, and so everybody here, counts what of the input was written to the prompt cache.</summary>
    internal const string Written = "CacheCreationInputTokens";

    /// <summary>Input tokens that were written to the provider's prompt cache; null: as <see cref="Input"/>.</summary>
    public decimal? CacheWrite { get; init; }

    /// <summary>What the whole of a call costs that has more input tokens than this, where providers charge such calls more.</summary>
    public (long AboveInputTokens, ModelPrice Price)? LongPrompts { get; init; }

    /// <summary>The cost of a call in US dollars; null when the provider reported no tokens.</summary>
    /// <remarks>
    /// Cached input is part of the input, and reasoning part of the output: so Microsoft.Extensions.AI defines them, and so its
    /// adapters for OpenAI and Anthropic report them. What was written to a prompt cache is part of the input too.
    /// </remarks>
    public decimal? Cost(UsageDetails usage)
    {
        if (usage is { InputTokenCount: null, OutputTokenCount: null })
        {
            return null;
        }

        var input = usage.InputTokenCount ?? 0;
        if (LongPrompts is { } prompts && input > prompts.AboveInputTokens)
        {
            return prompts.Price.Cost(usage);
        }

        var cached = Math.Clamp(usage.CachedInputTokenCount ?? 0, 0, input);
        var written = Math.Clamp(usage.AdditionalCounts?.GetValueOrDefault(Written) ?? 0, 0, input - cached);
        var inputCost = ((input - cached - written) * Input) + (cached * (CachedInput ?? Input)) + (written * (CacheWrite ?? Input));
        return (inputCost + ((usage.OutputTokenCount ?? 0) * Output)) / Million;
    }
}
