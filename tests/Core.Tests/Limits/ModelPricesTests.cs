using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using Yggdrasil.Models;
using Yggdrasil.Models.Prices;

namespace Yggdrasil.Tests.Limits;

public sealed class ModelPricesTests
{
    private static readonly ModelPrices Defaults = TestPrices.Of(Array.Empty<(string, string)>());

    [Theory]
    [InlineData("openai:gpt-4.1", 2.00)]
    [InlineData("openai:GPT-4.1", 2.00)]
    [InlineData("openai:gpt-4.1-2025-04-14", 2.00)]
    [InlineData("openai:gpt-4.1-mini-2025-04-14", 0.40)]
    [InlineData("openai:gpt-4o-2024-08-06", 2.50)]
    [InlineData("openai:gpt-4o-2024-05-13", 5.00)]
    [InlineData("anthropic:claude-sonnet-4-5-20250929", 3.00)]
    [InlineData("anthropic:claude-sonnet-4-20250514", 3.00)]
    [InlineData("groq:openai/gpt-oss-120b", 0.15)]
    [InlineData("demo:assistant", 0)]
    public void Common_models_have_their_list_price_with_or_without_a_date(string model, double input) =>
        Assert.Equal((decimal)input, Defaults.Find(Parse(model))?.Input);

    [Theory]
    [InlineData("openai:gpt-4.1-turbo")]
    [InlineData("openai:gpt-4.1-20")]
    [InlineData("openai:ft:gpt-4.1:acme")]
    [InlineData("azure:gpt-4.1")]
    [InlineData("openrouter:openai/gpt-4.1")]
    [InlineData("ollama:qwen3")]
    public void Other_models_have_no_price(string model) => Assert.Null(Defaults.Find(Parse(model)));

    [Fact]
    public void Every_list_price_is_one_a_vendor_could_ask()
    {
        Assert.All(ListPrices.All, entry =>
        {
            Assert.True(ModelId.TryParse(entry.Key, out _), entry.Key);
            Assert.InRange(entry.Value.Input, 0.01m, 100m);
            Assert.True(entry.Value.Output >= entry.Value.Input, entry.Key);
            Assert.True(entry.Value.CachedInput is null or > 0 && (entry.Value.CachedInput ?? 0) < entry.Value.Input, entry.Key);
            Assert.True(entry.Value.LongPrompts is not { } prompts || prompts.Price.Input > entry.Value.Input, entry.Key);
        });
    }

    [Fact]
    public void Settings_win_over_the_list_and_hold_for_dated_models_too()
    {
        var prices = TestPrices.Of(("openai:gpt-4.1", 7, 9), ("azure:prod", 1, 2), ("openai:gpt-4o-2024-08-06", 3, 4));
        Assert.Equal(7, prices.Find(Parse("openai:gpt-4.1"))!.Input);
        Assert.Equal(7, prices.Find(Parse("openai:gpt-4.1-2025-04-14"))!.Input);
        Assert.Equal(1, prices.Find(Parse("azure:prod"))!.Input);
        Assert.Equal(3, prices.Find(Parse("openai:gpt-4o-2024-08-06"))!.Input);
        Assert.Equal(2.50m, prices.Find(Parse("openai:gpt-4o"))!.Input);
    }

    [Fact]
    public void What_was_written_to_a_prompt_cache_costs_a_quarter_more_at_anthropic()
    {
        var usage = new UsageDetails
        {
            InputTokenCount = 1_000_000,
            CachedInputTokenCount = 200_000,
            OutputTokenCount = 0,
            AdditionalCounts = new() { ["CacheCreationInputTokens"] = 400_000 },
        };

        Assert.Equal((0.4m * 1.00m) + (0.2m * 0.10m) + (0.4m * 1.25m), Defaults.Cost(Parse("anthropic:claude-haiku-4-5"), usage));
    }

    [Fact]
    public void Cost_is_exact()
    {
        var usage = new UsageDetails { InputTokenCount = 1_000, OutputTokenCount = 300, CachedInputTokenCount = 400, ReasoningTokenCount = 200 };
        var prices = TestPrices.Of(
            ("Prices:0:Model", "openai:a"), ("Prices:0:InputPerMillion", "2"), ("Prices:0:OutputPerMillion", "8"), ("Prices:0:CachedInputPerMillion", "0.5"),
            ("Prices:1:Model", "openai:b"), ("Prices:1:InputPerMillion", "2"), ("Prices:1:OutputPerMillion", "8"));

        // 600 at 2, 400 cached at 0.5, 300 at 8: reasoning is among these 300.
        Assert.Equal(0.0038m, prices.Cost(Parse("openai:a"), usage));
        Assert.Equal(0.0044m, prices.Cost(Parse("openai:b"), usage));
        Assert.Null(prices.Cost(Parse("openai:c"), usage));
        Assert.Null(prices.Cost(Parse("openai:a"), new UsageDetails()));
        Assert.Equal(0, prices.Cost(Parse("demo:assistant"), usage));
    }

    [Fact]
    public void Written_cache_has_a_price_of_its_own_where_one_is_set()
    {
        var usage = new UsageDetails
        {
            InputTokenCount = 1_000, OutputTokenCount = 0, CachedInputTokenCount = 400, AdditionalCounts = new() { ["CacheCreationInputTokens"] = 100 },
        };
        var prices = TestPrices.Of(
            ("Prices:0:Model", "openai:a"), ("Prices:0:InputPerMillion", "2"), ("Prices:0:OutputPerMillion", "8"), ("Prices:0:CachedInputPerMillion", "0.5"), ("Prices:0:CacheWritePerMillion", "2.5"),
            ("Prices:1:Model", "openai:b"), ("Prices:1:InputPerMillion", "2"), ("Prices:1:OutputPerMillion", "8"));

        Assert.Equal(0.00145m, prices.Cost(Parse("openai:a"), usage));
        Assert.Equal(0.002m, prices.Cost(Parse("openai:b"), usage));
    }

    [Fact]
    public void Long_prompts_are_charged_as_such()
    {
        var gemini = Parse("gemini:gemini-2.5-pro");
        Assert.Equal(0.25m, Defaults.Cost(gemini, new UsageDetails { InputTokenCount = 200_000, OutputTokenCount = 0 }));
        Assert.Equal(0.5000025m, Defaults.Cost(gemini, new UsageDetails { InputTokenCount = 200_001, OutputTokenCount = 0 }));
    }

    [Fact]
    public void More_cached_tokens_than_tokens_do_not_make_a_call_cheaper_than_cached()
    {
        var usage = new UsageDetails { InputTokenCount = 100, OutputTokenCount = 0, CachedInputTokenCount = 1_000_000 };
        Assert.Equal(0.00005m, Defaults.Cost(Parse("openai:gpt-4.1"), usage));
    }

    [Theory]
    [InlineData("Prices:0:Modell", "openai:a", "Prices__0__Modell is no setting: did you mean Prices__0__Model?")]
    [InlineData("Prices:0:InputPerMillion", "cheap", "Prices__0__InputPerMillion must be a number.")]
    [InlineData("Prices:0:Model", "gpt-4.1", "Prices__0__Model must be provider:model, for example openai:gpt-4.1.")]
    [InlineData("Prices:0:Model", "opnai:gpt-4.1", "Prices__0__Model: there is no provider \"opnai\". Providers: azure, openai, scripted.")]
    [InlineData("Prices:0:OutputPerMillion", "-1", "Prices__0__OutputPerMillion must be US dollars per million tokens, from 0 to 100000.")]
    [InlineData("Prices:0:CachedInputPerMillion", "100001", "Prices__0__CachedInputPerMillion must be US dollars per million tokens, from 0 to 100000.")]
    [InlineData("Prices:0:CacheWritePerMillion", "-0.1", "Prices__0__CacheWritePerMillion must be US dollars per million tokens, from 0 to 100000.")]
    [InlineData("Prices:1:Model", "OpenAI:gpt-4.1", "Prices__1__Model: \"OpenAI:gpt-4.1\" is priced twice.")]
    [InlineData("Prices:2:Model", "openai:x", "Prices__2__InputPerMillion must be US dollars per million tokens, from 0 to 100000.")]
    public void Wrong_setting_is_named(string name, string value, string problem)
    {
        Dictionary<string, string> settings = new()
        {
            ["Prices:0:Model"] = "openai:gpt-4.1", ["Prices:0:InputPerMillion"] = "2", ["Prices:0:OutputPerMillion"] = "8",
            ["Prices:1:Model"] = "openai:gpt-4o", ["Prices:1:InputPerMillion"] = "2", ["Prices:1:OutputPerMillion"] = "8",
        };
        settings[name] = value;
        var failure = Assert.Throws<OptionsValidationException>(() => TestPrices.Of([.. settings.Select(setting => (setting.Key, setting.Value))]));
        Assert.Contains(problem, failure.Failures);
    }

    private static ModelId Parse(string text) => ModelId.TryParse(text, out var id) ? id : throw new ArgumentException(text);
}
