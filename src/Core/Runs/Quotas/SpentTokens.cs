using Microsoft.Extensions.AI;
using Yggdrasil.Models.Prices;

namespace Yggdrasil.Runs.Quotas;

/// <summary>What one attempt at a model is counted as. Never negative.</summary>
/// <param name="Input">Input tokens.</param>
/// <param name="Output">Output tokens; those that the model thought with are among them.</param>
/// <param name="Cached">Of the input, those that the provider had in its own prompt cache; null where it reported none.</param>
/// <param name="CacheWrite">Of the input, those that the provider wrote to its prompt cache; null where it reported none.</param>
/// <param name="Reasoning">Of the output, those that the model thought with; null where the provider reported none.</param>
/// <param name="Estimated">Whether input or output is our own estimate.</param>
internal readonly record struct SpentTokens(long Input, long Output, long? Cached, long? CacheWrite, long? Reasoning, bool Estimated)
{
    /// <summary>More than any call can take: sums of what a provider makes up must not overflow.</summary>
    private const long Most = 1_000_000_000_000;

    public UsageDetails Usage => new()
    {
        InputTokenCount = Input,
        OutputTokenCount = Output,
        TotalTokenCount = Input + Output,
        CachedInputTokenCount = Cached,
        ReasoningTokenCount = Reasoning,
        AdditionalCounts = CacheWrite is { } written ? new() { [ModelPrice.Written] = written } : null,
    };

    /// <summary>Counts an attempt.</summary>
    /// <param name="reported">What the provider reported; null where it reported nothing.</param>
    /// <param name="isWhole">Whether its answer came to its end: else what was reported may be of an earlier moment.</param>
    /// <param name="estimateInput">Estimates what was sent.</param>
    /// <param name="estimateOutput">Estimates what came.</param>
    public static SpentTokens Of(UsageDetails? reported, bool isWhole, Func<long> estimateInput, Func<long> estimateOutput)
    {
        var input = Clamp(reported?.InputTokenCount);
        var output = OutputOf(reported, input);
        var estimated = false;

        // No prompt is empty, so a report of none is no report.
        if (input == 0)
        {
            (input, estimated) = (estimateInput(), true);
        }

        if ((output == 0 || !isWhole) && estimateOutput() is var came && came > output)
        {
            (output, estimated) = (came, true);
        }

        var cached = Part(reported?.CachedInputTokenCount, input);
        var written = reported?.AdditionalCounts is { } counts && counts.TryGetValue(ModelPrice.Written, out var count) ? Part(count, input - (cached ?? 0)) : null;
        return new SpentTokens(input, output, cached, written, Part(reported?.ReasoningTokenCount, output), estimated);
    }

    /// <remarks>
    /// Gemini's OpenAI-compatible API leaves thinking out of <c>completion_tokens</c> and has it in <c>total_tokens</c> alone,
    /// and charges for it as output.
    /// </remarks>
    private static long OutputOf(UsageDetails? reported, long input) =>
        Math.Max(Clamp(reported?.OutputTokenCount), input > 0 ? Clamp(reported?.TotalTokenCount) - input : 0);

    private static long Clamp(long? reported) => Math.Clamp(reported ?? 0, 0, Most);

    private static long? Part(long? reported, long whole) => reported is > 0 && whole > 0 ? Math.Min(reported.Value, whole) : null;
}
