using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Limits;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Limits;

public sealed class CallEstimatorTests
{
    private static readonly QuotaBounds Bounds = new(new UsageLimits { TokensPerDay = 1_000_000 });

    private readonly CallEstimator _estimator = new(
        new ToolGates(new TestTools().Catalog(), new ToolArguments()),
        TestPrices.Of(("scripted:cheap", 1, 10), ("scripted:dear", 100, 1_000)));

    [Fact]
    public void Without_a_budget_nothing_is_counted() =>
        Assert.Equal(default, _estimator.OfStart(Run(new AgentDefinition { Model = "scripted:dear" }), Says("Hello"), new QuotaBounds(new UsageLimits())));

    [Fact]
    public void Longer_prompts_tools_and_instructions_need_more()
    {
        var plain = Need(new AgentDefinition { Model = "scripted:cheap" }, "Hello");

        Assert.True(Need(new AgentDefinition { Model = "scripted:cheap" }, string.Concat(Enumerable.Repeat("Hello there. ", 100))) > plain + 200);
        Assert.True(Need(new AgentDefinition { Model = "scripted:cheap", Tools = ["echo"] }, "Hello") > plain);
        Assert.True(Need(new AgentDefinition { Model = "scripted:cheap", Instructions = new string('x', 1_000) }, "Hello") > plain);
    }

    [Fact]
    public void Prompt_counts_no_more_than_the_agents_context() =>
        Assert.Equal(
            256 + 10,
            Need(new AgentDefinition { Model = "scripted:cheap", Context = new ContextPolicy(256), MaxOutputTokens = 10 }, new string('x', 100_000)));

    [Fact]
    public void Answer_counts_as_long_as_it_may_be_or_a_sixteenth_of_a_small_budget()
    {
        var definition = new AgentDefinition { Model = "scripted:cheap" };
        var prompt = Need(definition with { MaxOutputTokens = 100 }, "Hello") - 100;

        Assert.Equal(prompt + 1024, Need(definition, "Hello"));
        Assert.Equal(prompt + 100, Need(definition, "Hello", new QuotaBounds(new UsageLimits { TokensPerDay = 1_600 })));
    }

    [Fact]
    public void Dearest_of_the_models_that_may_answer_is_reckoned_with()
    {
        var agent = new AgentDefinition { Model = "scripted:cheap", Fallbacks = ["scripted:unpriced", "scripted:dear"], MaxOutputTokens = 1_000 };
        var need = _estimator.OfStart(Run(agent), Says("Hello"), Bounds);

        Assert.Equal(((need.Tokens - 1_000) * 100m / 1_000_000) + 1, need.CostUsd);
        Assert.Equal(0, _estimator.OfStart(Run(agent with { Model = "scripted:unpriced", Fallbacks = [] }), Says("Hello"), Bounds).CostUsd);
    }

    [Fact]
    public void What_the_provider_counted_for_the_last_call_counts_more_than_an_estimate()
    {
        var transcript = new Transcript([], [
            new JournalEntry { Kind = EntryKind.Input, Messages = Says("Hello") },
            new JournalEntry { Kind = EntryKind.Model, Turn = 1, InputTokens = 50_000, OutputTokens = 7_000, Messages = [new ChatMessage(ChatRole.Assistant, "Hi")] }]);

        var need = _estimator.OfNext(Run(new AgentDefinition { Model = "scripted:cheap" }), transcript, Bounds);

        Assert.Equal(57_000, need.Tokens);
    }

    private long Need(AgentDefinition agent, string prompt, QuotaBounds? bounds = null) =>
        _estimator.OfStart(Run(agent), Says(prompt), bounds ?? Bounds).Tokens;

    private static List<ChatMessage> Says(string text) => [new ChatMessage(ChatRole.User, text)];

    private static Run Run(AgentDefinition agent) => LoopFixture.NewRun(agent, DateTimeOffset.UnixEpoch);
}
