using Yggdrasil.Load.Scenarios;

namespace Yggdrasil.Load.Tests.Scenarios;

public class ScenarioMixTests
{
    [Fact]
    public void Scenarios_are_played_by_their_weights()
    {
        var mix = ScenarioMix.Parse(ScenarioMix.Default);
        var random = new Random(3);
        var played = Enumerable.Range(0, 10_000).Select(_ => mix.Pick(random).Name).CountBy(name => name).ToDictionary();

        Assert.Equal(5000, played["chat"], tolerance: 200.0);
        Assert.Equal(3000, played["tools"], tolerance: 200.0);
        Assert.Equal(2000, played["conversation"], tolerance: 200.0);
    }

    [Fact]
    public void A_scenario_of_weight_zero_is_left_out() =>
        Assert.Equal(["chat"], ScenarioMix.Parse("chat=1,tools=0").Scenarios.Select(scenario => scenario.Name));

    [Theory]
    [InlineData("chat=5,riddles=1", "riddles")]
    [InlineData("chat", "chat")]
    [InlineData("chat=-1", "chat=-1")]
    [InlineData("chat=1001", "chat=1001")]
    [InlineData("chat=1,chat=2", "twice")]
    [InlineData("chat=0", "above 0")]
    [InlineData("", "above 0")]
    public void A_wrong_mix_is_refused_with_what_is_wrong(string text, string named) =>
        Assert.Contains(named, Assert.Throws<FormatException>(() => ScenarioMix.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_conversation_goes_on_for_its_turns_and_then_a_new_one_begins()
    {
        var pool = new ConversationPool(turns: 3);
        var first = pool.Take();
        pool.GiveBack(first);
        var second = pool.Take();
        pool.GiveBack(second);
        var third = pool.Take();
        pool.GiveBack(third);
        var next = pool.Take();

        Assert.Equal([(first.ConversationId, 1), (first.ConversationId, 2)], [(second.ConversationId, second.Number), (third.ConversationId, third.Number)]);
        Assert.NotEqual(first.ConversationId, next.ConversationId);
        Assert.Equal(0, next.Number);
    }

    [Fact]
    public void A_conversation_that_is_being_continued_is_not_given_to_a_second_run()
    {
        var pool = new ConversationPool(turns: 3);
        Assert.NotEqual(pool.Take().ConversationId, pool.Take().ConversationId);
    }
}
