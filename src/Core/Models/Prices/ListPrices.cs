using System.Collections.Frozen;

namespace Yggdrasil.Models.Prices;

/// <summary>Public list prices of common models, as of 21 August 2026. Settings (<c>Prices__0__…</c>) win over them.</summary>
/// <remarks>
/// Pay-as-you-go prices of text tokens at the vendor itself: no batch, priority or committed rates, no taxes. Source: the
/// vendors' price pages (openai.com/api/pricing, claude.com/pricing, ai.google.dev/gemini-api/docs/pricing,
/// mistral.ai/pricing, groq.com/pricing) as collected by github.com/pydantic/genai-prices at that date, each compared with
/// a second collection or the vendor's announcement. A wrong price is worse than none, so what could not be compared, aliases that move from
/// model to model (<c>…-latest</c>), and resellers are left out.
/// </remarks>
internal static class ListPrices
{
    public static readonly FrozenDictionary<string, ModelPrice> All = new Dictionary<string, ModelPrice>
    {
        ["openai:gpt-4.1"] = new(2.00m, 8.00m, 0.50m),
        ["openai:gpt-4.1-mini"] = new(0.40m, 1.60m, 0.10m),
        ["openai:gpt-4.1-nano"] = new(0.10m, 0.40m, 0.025m),
        ["openai:gpt-4o"] = new(2.50m, 10.00m, 1.25m),
        ["openai:gpt-4o-2024-05-13"] = new(5.00m, 15.00m),
        ["openai:gpt-4o-mini"] = new(0.15m, 0.60m, 0.075m),
        ["openai:gpt-4-turbo"] = new(10.00m, 30.00m),
        ["openai:o1"] = new(15.00m, 60.00m, 7.50m),
        ["openai:o3"] = new(2.00m, 8.00m, 0.50m),
        ["openai:o3-mini"] = new(1.10m, 4.40m, 0.55m),
        ["openai:o4-mini"] = new(1.10m, 4.40m, 0.275m),
        ["openai:gpt-5"] = new(1.25m, 10.00m, 0.125m),
        ["openai:gpt-5-mini"] = new(0.25m, 2.00m, 0.025m),
        ["openai:gpt-5-nano"] = new(0.05m, 0.40m, 0.005m),
        ["openai:gpt-5.1"] = new(1.25m, 10.00m, 0.125m),
        ["openai:gpt-5.2"] = new(1.75m, 14.00m, 0.175m),
        ["openai:gpt-5.4"] = new(2.50m, 15.00m, 0.25m) { LongPrompts = (272_000, new(5.00m, 22.50m, 0.50m)) },
        ["openai:gpt-5.4-mini"] = new(0.75m, 4.50m, 0.075m),
        ["openai:gpt-5.4-nano"] = new(0.20m, 1.25m, 0.02m),

        ["anthropic:claude-3-5-haiku"] = new(0.80m, 4.00m, 0.08m),
        ["anthropic:claude-3-5-sonnet"] = new(3.00m, 15.00m, 0.30m),
        ["anthropic:claude-3-7-sonnet"] = new(3.00m, 15.00m, 0.30m),
        ["anthropic:claude-haiku-4-5"] = new(1.00m, 5.00m, 0.10m),
        ["anthropic:claude-sonnet-4"] = new(3.00m, 15.00m, 0.30m) { LongPrompts = (200_000, new(6.00m, 22.50m, 0.60m)) },
        ["anthropic:claude-sonnet-4-5"] = new(3.00m, 15.00m, 0.30m) { LongPrompts = (200_000, new(6.00m, 22.50m, 0.60m)) },
        ["anthropic:claude-sonnet-4-6"] = new(3.00m, 15.00m, 0.30m),
        ["anthropic:claude-opus-4"] = new(15.00m, 75.00m, 1.50m),
        ["anthropic:claude-opus-4-1"] = new(15.00m, 75.00m, 1.50m),
        ["anthropic:claude-opus-4-5"] = new(5.00m, 25.00m, 0.50m),
        ["anthropic:claude-opus-4-6"] = new(5.00m, 25.00m, 0.50m),
        ["anthropic:claude-opus-4-7"] = new(5.00m, 25.00m, 0.50m),
        ["anthropic:claude-opus-4-8"] = new(5.00m, 25.00m, 0.50m),

        ["gemini:gemini-2.0-flash"] = new(0.10m, 0.40m, 0.025m),
        ["gemini:gemini-2.0-flash-lite"] = new(0.075m, 0.30m),
        ["gemini:gemini-2.5-flash"] = new(0.30m, 2.50m, 0.03m),
        ["gemini:gemini-2.5-flash-lite"] = new(0.10m, 0.40m, 0.01m),
        ["gemini:gemini-2.5-pro"] = new(1.25m, 10.00m, 0.125m) { LongPrompts = (200_000, new(2.50m, 15.00m, 0.25m)) },

        ["mistral:mistral-large-2411"] = new(2.00m, 6.00m),
        ["mistral:mistral-medium-2505"] = new(0.40m, 2.00m),
        ["mistral:mistral-small-2503"] = new(0.10m, 0.30m),
        ["mistral:codestral-2508"] = new(0.30m, 0.90m),

        ["groq:llama-3.1-8b-instant"] = new(0.05m, 0.08m),
        ["groq:llama-3.3-70b-versatile"] = new(0.59m, 0.79m),
        ["groq:openai/gpt-oss-120b"] = new(0.15m, 0.60m, 0.075m),
    }.Select(WithCacheWrite).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>Anthropic charges a quarter more for what it writes to its prompt cache for five minutes; the others nothing.</summary>
    private static KeyValuePair<string, ModelPrice> WithCacheWrite(KeyValuePair<string, ModelPrice> model) =>
        model.Key.StartsWith("anthropic:", StringComparison.Ordinal) ? new(model.Key, WithCacheWrite(model.Value)) : model;

    private static ModelPrice WithCacheWrite(ModelPrice price) => price with
    {
        CacheWrite = price.Input * 1.25m,
        LongPrompts = price.LongPrompts is { } prompts ? (prompts.AboveInputTokens, WithCacheWrite(prompts.Price)) : null,
    };
}
