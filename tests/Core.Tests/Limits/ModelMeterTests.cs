using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Models;
using Yggdrasil.Models.Metering;
using Yggdrasil.Models.Tokens;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;

namespace Yggdrasil.Tests.Limits;

public sealed class ModelMeterTests
{
    private static readonly ModelMeter Meter = new(TestPrices.Of(("scripted:one", 1, 10), ("scripted:dear", 100, 1000)), NullLogger<ModelMeter>.Instance);
    private static readonly ModelId One = new("scripted", "one");
    private static readonly JournalEntry Answer = new() { Kind = EntryKind.Model, Turn = 1, ServedBy = "scripted:one" };
    private static readonly string Long = string.Join(' ', Enumerable.Repeat("word", 1000));

    [Theory]
    [InlineData(40, 40)]
    [InlineData(99, 70)]
    [InlineData(0, null)]
    [InlineData(-5, null)]
    public void Written_cache_is_part_of_the_input_beside_what_was_read_of_it(long reported, int? counted)
    {
        var measured = Measure(new UsageDetails
        {
            InputTokenCount = 100, OutputTokenCount = 5, CachedInputTokenCount = 30, AdditionalCounts = new() { ["CacheCreationInputTokens"] = reported },
        });

        Assert.Equal((100, 30, counted), (measured.InputTokens, measured.CachedInputTokens, measured.CacheWriteInputTokens));
    }

    [Fact]
    public void Answer_gets_what_was_reported_and_its_cost()
    {
        var measured = Measure(new UsageDetails
        {
            InputTokenCount = 100, OutputTokenCount = 20, TotalTokenCount = 120, CachedInputTokenCount = 30, ReasoningTokenCount = 5,
        });
        Assert.Equal((100, 20, 30, 5), (measured.InputTokens, measured.OutputTokens, measured.CachedInputTokens, measured.ReasoningTokens));
        Assert.Equal(0.0003m, measured.CostUsd);
        Assert.False(measured.Estimated);
    }

    [Fact]
    public void Thinking_that_only_the_total_has_is_output()
    {
        var measured = Measure(new UsageDetails { InputTokenCount = 20, OutputTokenCount = 151, TotalTokenCount = 553 });
        Assert.Equal(533, measured.OutputTokens);
        Assert.Equal(0.00535m, measured.CostUsd);
    }

    [Fact]
    public void Answer_whose_provider_reports_nothing_costs_the_estimate_of_what_was_sent_and_what_came()
    {
        var expected = TokenEstimator.Estimate(One, [new ChatMessage(ChatRole.User, Long)], [], instructions: null);
        foreach (var nothing in (UsageDetails?[])[null, new UsageDetails(), new UsageDetails { InputTokenCount = 0, OutputTokenCount = 0 }])
        {
            var measured = Measure(nothing, Long);
            Assert.Equal((expected, expected - TokenEstimator.TokensPerMessage), (measured.InputTokens, measured.OutputTokens));
            Assert.Equal((expected + (10m * (expected - 4))) / 1_000_000, measured.CostUsd);
            Assert.True(measured.Estimated);
        }
    }

    [Fact]
    public void Reports_of_less_than_nothing_give_no_credit()
    {
        var measured = Measure(
            new UsageDetails { InputTokenCount = -1_000_000, OutputTokenCount = -50, TotalTokenCount = -1_000_050, CachedInputTokenCount = -7, ReasoningTokenCount = -3 }, Long);

        Assert.True(measured.InputTokens > 900 && measured.OutputTokens > 900, $"{measured.InputTokens} {measured.OutputTokens}");
        Assert.True(measured.CostUsd > 0 && measured.Estimated);
        Assert.Equal((null, null), (measured.CachedInputTokens, measured.ReasoningTokens));
    }

    [Fact]
    public void Reports_beyond_all_measure_do_not_overflow_into_a_credit()
    {
        var measured = Measure(new UsageDetails { InputTokenCount = long.MaxValue, OutputTokenCount = long.MaxValue, TotalTokenCount = long.MaxValue });
        var usage = new RunUsage().AddModelCall(measured).AddModelCall(measured).AddModelCall(measured);
        Assert.True(usage.TotalTokens > 0 && usage.CostUsd > 0);
    }

    [Fact]
    public void Parts_are_never_more_than_their_whole()
    {
        var measured = Measure(new UsageDetails { InputTokenCount = 10, OutputTokenCount = 5, CachedInputTokenCount = 99, ReasoningTokenCount = 99 });
        Assert.Equal((10, 5), (measured.CachedInputTokens, measured.ReasoningTokens));
    }

    [Fact]
    public void Stream_that_was_cut_off_costs_what_came_although_less_was_reported_at_its_beginning()
    {
        var ledger = new CallLedger();
        var call = ledger.Add(One, [new ChatMessage(ChatRole.User, "Hello")], options: null);
        call.Came(new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(new UsageDetails { InputTokenCount = 40, OutputTokenCount = 1 })]));
        call.Came(new ChatResponseUpdate(ChatRole.Assistant, Long));

        var measured = Meter.Measure(Answer, ledger);

        Assert.Equal(40, measured.InputTokens);
        Assert.True(measured.OutputTokens > 900);
        Assert.True(measured.Estimated);
    }

    [Fact]
    public void Attempts_add_up_each_at_its_own_price_and_those_that_were_refused_cost_nothing()
    {
        var ledger = new CallLedger();
        var refused = ledger.Add(One, [new ChatMessage(ChatRole.User, Long)], options: null);
        refused.Requested();
        refused.NotTaken();
        ledger.Add(One, [new ChatMessage(ChatRole.User, Long)], options: null);
        Assert.False(ledger.HasSent);

        var broken = ledger.Add(new ModelId("scripted", "dear"), [new ChatMessage(ChatRole.User, "Hello")], options: null);
        broken.Requested();
        ledger.Add(One, [], options: null).Answered(Response(new UsageDetails { InputTokenCount = 100, OutputTokenCount = 20 }));
        ledger.Add(new ModelId("scripted", "unpriced"), [], options: null).Answered(Response(new UsageDetails { InputTokenCount = 1, OutputTokenCount = 2 }));
        var measured = Meter.Measure(Answer, ledger);

        var hello = TokenEstimator.Estimate(One, [new ChatMessage(ChatRole.User, "Hello")], [], instructions: null);
        Assert.Equal((hello + 101, 22), (measured.InputTokens, measured.OutputTokens));
        Assert.Equal(((100m * hello) + 100 + 200) / 1_000_000, measured.CostUsd);
        Assert.Equal(["scripted:unpriced"], new RunUsage().AddModelCall(measured).UnpricedModels);
    }

    [Theory]
    [InlineData(null, null, "missing")]
    [InlineData(-5L, 100L, "negative")]
    [InlineData(1L, 1000L, "low")]
    [InlineData(1000L, 1L, "low")]
    [InlineData(1_000_000L, 1000L, "high")]
    [InlineData(1000L, 1000L, null)]
    [InlineData(2500L, 90_000L, null)]
    public void Report_that_is_far_from_the_estimate_is_doubted(long? input, long? output, string? kind)
    {
        var call = new CallLedger().Add(One, [new ChatMessage(ChatRole.User, Long)], options: null);
        Assert.Equal(kind, UsageDoubt.Of(call, [new TextContent(Long)], new UsageDetails { InputTokenCount = input, OutputTokenCount = output })?.Kind);
    }

    [Fact]
    public void Usage_of_a_run_sums_up_and_names_the_models_without_a_price()
    {
        var priced = Answer with { InputTokens = 100, OutputTokens = 20, CachedInputTokens = 30, CostUsd = 0.25m };
        var unpriced = Answer with { ServedBy = "scripted:two", InputTokens = 7, OutputTokens = 3, ReasoningTokens = 2 };

        var usage = new RunUsage().AddModelCall(priced);
        Assert.Null(usage.UnpricedModels);
        Assert.Null(usage.ReasoningTokens);
        usage = usage.AddModelCall(unpriced).AddModelCall(unpriced).AddModelCall(priced);
        Assert.Null(usage.Estimated);
        usage = usage.AddModelCall(new JournalEntry { Kind = EntryKind.Model, Estimated = true });

        Assert.Equal((214, 46, 5), (usage.InputTokens, usage.OutputTokens, usage.ModelCalls));
        Assert.Equal((60, 4, 0.50m), (usage.CachedInputTokens, usage.ReasoningTokens, usage.CostUsd));
        Assert.Equal(["scripted:two"], usage.UnpricedModels);
        Assert.True(usage.Estimated);
    }

    private static JournalEntry Measure(UsageDetails? usage, string text = "")
    {
        var ledger = new CallLedger();
        ledger.Add(One, [new ChatMessage(ChatRole.User, Long)], options: null).Answered(Response(usage, text));
        return Meter.Measure(Answer, ledger);
    }

    private static ChatResponse Response(UsageDetails? usage, string text = "") => new(new ChatMessage(ChatRole.Assistant, text)) { Usage = usage };
}
