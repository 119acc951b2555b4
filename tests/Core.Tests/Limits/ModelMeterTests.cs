using Microsoft.Extensions.AI;
using Yggdrasil.Limits;
using Yggdrasil.Runs;

namespace Yggdrasil.Tests.Limits;

public sealed class ModelMeterTests
{
    private static readonly ModelMeter Meter = new(TestPrices.Of(("scripted:one", 1, 10)));
    private static readonly JournalEntry Answer = new() { Kind = EntryKind.Model, Turn = 1, ServedBy = "scripted:one" };

    [Fact]
    public void Answer_gets_what_was_reported_and_its_cost()
    {
        var measured = Measure(new UsageDetails
        {
            InputTokenCount = 100, OutputTokenCount = 20, TotalTokenCount = 120, CachedInputTokenCount = 30, ReasoningTokenCount = 5,
        });
        Assert.Equal((100, 20, 30, 5), (measured.InputTokens, measured.OutputTokens, measured.CachedInputTokens, measured.ReasoningTokens));
        Assert.Equal(0.0003m, measured.CostUsd);
    }

    [Fact]
    public void Thinking_that_only_the_total_has_is_output()
    {
        var measured = Measure(new UsageDetails { InputTokenCount = 20, OutputTokenCount = 151, TotalTokenCount = 553 });
        Assert.Equal(533, measured.OutputTokens);
        Assert.Equal(0.00535m, measured.CostUsd);
    }

    [Fact]
    public void What_was_not_reported_is_not_known()
    {
        var measured = Measure(null);
        Assert.Equal((null, null, null), (measured.InputTokens, measured.OutputTokens, measured.CostUsd));
        Assert.Null(Measure(new UsageDetails()).CostUsd);
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

        Assert.Equal((214, 46, 4), (usage.InputTokens, usage.OutputTokens, usage.ModelCalls));
        Assert.Equal((60, 4, 0.50m), (usage.CachedInputTokens, usage.ReasoningTokens, usage.CostUsd));
        Assert.Equal(["scripted:two"], usage.UnpricedModels);
    }

    private static JournalEntry Measure(UsageDetails? usage) => Meter.Measure(Answer, new ChatResponse { Usage = usage });
}
