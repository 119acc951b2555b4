using CsCheck;
using Yggdrasil.Models.Demo;

namespace Yggdrasil.Tests.Providers.Demo;

public sealed class DemoPromptTests
{
    [Theory]
    [InlineData("17*23", "17*23")]
    [InlineData("What is 17*23, and what time is it?", "17*23")]
    [InlineData("What is 17 * 23?", "17 * 23")]
    [InlineData("what is 12 divided by 4", "12 / 4")]
    [InlineData("6 times 7 please", "6 * 7")]
    [InlineData("6 multiplied by 7", "6 * 7")]
    [InlineData("2 plus 3 minus 1", "2 + 3 - 1")]
    [InlineData("2 to the power of 10", "2 ^ 10")]
    [InlineData("9 squared", "9 ^ 2")]
    [InlineData("15% of 80", "15 / 100 * 80")]
    [InlineData("7.5 percent of 1,200", "7.5 / 100 * 1200")]
    [InlineData("the square root of 144", "sqrt(144)")]
    [InlineData("3 x 4 x 5", "3 * 4 * 5")]
    [InlineData("3×4", "3*4")]
    [InlineData("10÷4", "10/4")]
    [InlineData("1,000,000 + 1", "1000000 + 1")]
    [InlineData("Compute (2 + 3) * 4.", "(2 + 3) * 4")]
    [InlineData("It is easy (1+1), I think", "(1+1)")]
    [InlineData("2*(3+4)", "2*(3+4)")]
    [InlineData("5 * -3", "5 * -3")]
    public void Sum_becomes_one_call_of_the_calculator(string prompt, string expression)
    {
        var sum = Assert.Single(DemoPrompt.Read(prompt, []), action => action.Tool == DemoAction.Calculator);

        Assert.Equal(expression, sum.Arguments["expression"]);
    }

    [Fact]
    public void Lines_that_ask_agents_are_theirs_and_the_rest_is_its_own()
    {
        var actions = DemoPrompt.Read("Ask agent mathematician: what is 17*23?\nask the agent risk-desk, is 2+2 too much?\nWhat is 3*4?", []);

        Assert.Equal(["agent_mathematician", "agent_risk-desk", DemoAction.Calculator], actions.Select(action => action.Tool));
        Assert.Equal(["what is 17*23?", "is 2+2 too much?", "3*4"], actions.Select(action => action.Arguments.Values.Single()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Ask agent")]
    [InlineData("Do not ask agents anything")]
    [InlineData("Hello, who are you?")]
    [InlineData("I have 3 cats and 2 dogs")]
    [InlineData("Meet me on 2026-11-23 or 23/11/2026")]
    [InlineData("a-b, c/d and (e)")]
    [InlineData("We lived in Oslo for 12 years")]
    public void Text_without_a_task_asks_for_nothing(string prompt) => Assert.Empty(DemoPrompt.Read(prompt, []));

    [Theory]
    [InlineData("What time is it in Oslo?", "Oslo", "Europe/Oslo")]
    [InlineData("what time is it in new york", "New York", "America/New_York")]
    [InlineData("current time in Tokyo", "Tokyo", "Asia/Tokyo")]
    [InlineData("Time in Rio de Janeiro?", "Rio de Janeiro", "America/Sao_Paulo")]
    [InlineData("What time is it in Ulaanbaatar?", "Ulaanbaatar", "Asia/Ulaanbaatar")]
    [InlineData("What time is it in Port Moresby now?", "Port Moresby", "Pacific/Port_Moresby")]
    [InlineData("What's the time in Europe/Vilnius?", "Vilnius", "Europe/Vilnius")]
    [InlineData("What time is it?", "UTC", "Etc/UTC")]
    public void Question_of_time_becomes_a_call_of_the_clock(string prompt, string place, string timeZone)
    {
        var action = Assert.Single(DemoPrompt.Read(prompt, []));

        Assert.Equal((DemoAction.Clock, place, timeZone), (action.Tool, action.Subject, action.Arguments["timeZone"]));
    }

    [Fact]
    public void Every_time_zone_of_the_map_exists()
    {
        var zones = DemoPlaces.KnownTimeZones.ToList();

        Assert.True(zones.Count >= 60);
        Assert.All(zones, zone => Assert.True(TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _), zone));
    }

    [Fact]
    public void Addresses_come_first_then_sums_then_times()
    {
        var actions = DemoPrompt.Read("What time is it in Oslo and Paris, what is 2+2, and what does https://example.com/a-1/2?q=3*4 say?", []);

        Assert.Equal(
            ["http_get https://example.com/a-1/2?q=3*4", "calculator 2+2", "clock Oslo", "clock Paris"],
            actions.Select(action => $"{action.Tool} {action.Subject}"));
    }

    [Theory]
    [InlineData("Get https://example.com/x.", "http_get", "https://example.com/x", null)]
    [InlineData("See (http://127.0.0.1:8080/y)!", "http_get", "http://127.0.0.1:8080/y", null)]
    [InlineData("Post \"hello\" to https://example.com/z", "http_post", "https://example.com/z", "hello")]
    [InlineData("Read https://example.com/post/1", "http_get", "https://example.com/post/1", null)]
    public void Address_is_fetched_or_posted_to(string prompt, string tool, string url, string? body)
    {
        var action = Assert.Single(DemoPrompt.Read(prompt, []));

        Assert.Equal((tool, url, body), (action.Tool, action.Arguments["url"], action.Arguments.GetValueOrDefault("body")));
    }

    [Fact]
    public void Prompt_of_many_tasks_asks_for_a_few()
    {
        var actions = DemoPrompt.Read(string.Join(", ", Enumerable.Range(0, 10_000).Select(number => $"{number}+1")), []);

        Assert.Equal(8, actions.Count);
    }

    [Fact]
    public void Any_text_is_read_without_an_exception()
    {
        string[] words =
        [
            "1", "23", "4.5", ",", ".", "(", ")", "-", "+", "*", "/", "^", "%", " ", "x", "of", "sqrt(", "time", "in", "Oslo",
            "New", "York", "http://", "https://a", "\"", "post", "squared", "divided by", "\ud83d", "é", "\n",
        ];
        var wordy = Gen.Int[0, words.Length - 1].Array[0, 40].Select(picks => string.Concat(picks.Select(pick => words[pick])));

        Gen.OneOf(wordy, Gen.String).Sample(text =>
            DemoPrompt.Read(text, []).All(action => action.Subject.Length is > 0 and <= 500));
    }
}
