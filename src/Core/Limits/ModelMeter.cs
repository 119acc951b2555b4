using Microsoft.Extensions.AI;
using Yggdrasil.Providers;
using Yggdrasil.Providers.Cache;
using Yggdrasil.Runs;

namespace Yggdrasil.Limits;

/// <summary>Notes on the entry of a model's answer what the answer consumed and cost.</summary>
internal sealed class ModelMeter(ModelPrices prices)
{
    public JournalEntry Measure(JournalEntry answer, ChatResponse response)
    {
        if (ResponseCache.IsCached(response))
        {
            return answer with { InputTokens = 0, OutputTokens = 0, CostUsd = 0, Cached = true };
        }

        if (response.Usage is null)
        {
            return answer;
        }

        var usage = WithAllOutput(response.Usage);
        return answer with
        {
            InputTokens = usage.InputTokenCount,
            OutputTokens = usage.OutputTokenCount,
            CachedInputTokens = usage.CachedInputTokenCount is > 0 ? usage.CachedInputTokenCount : null,
            ReasoningTokens = usage.ReasoningTokenCount is > 0 ? usage.ReasoningTokenCount : null,
            CostUsd = ModelId.TryParse(answer.ServedBy, out var model) ? prices.Cost(model, usage) : null,
        };
    }

    /// <remarks>
    /// Gemini's OpenAI-compatible API leaves thinking out of <c>completion_tokens</c> and has it in <c>total_tokens</c> alone,
    /// and charges for it as output.
    /// </remarks>
    private static UsageDetails WithAllOutput(UsageDetails usage)
    {
        if (usage.TotalTokenCount is not { } total || total - (usage.InputTokenCount ?? 0) <= (usage.OutputTokenCount ?? 0))
        {
            return usage;
        }

        return new UsageDetails
        {
            InputTokenCount = usage.InputTokenCount,
            OutputTokenCount = total - (usage.InputTokenCount ?? 0),
            CachedInputTokenCount = usage.CachedInputTokenCount,
            ReasoningTokenCount = usage.ReasoningTokenCount,
            TotalTokenCount = total,
        };
    }
}
