using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Tests.Providers.Profiles;

/// <summary>What Anthropic is sent: marks of its prompt cache, thinking with its signature, results together.</summary>
public sealed class AnthropicShapeTests : IAsyncLifetime
{
    private ProfiledServer _server = null!;

    public async Task InitializeAsync() => _server = await ProfiledServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Tools_system_and_the_last_two_stable_messages_are_marked()
    {
        var messages = await CalledAsync("claude-sonnet-4-5", thinking: false);
        EnqueueAnswer();

        await _server.Client("anthropic:claude-sonnet-4-5").GetResponseAsync(messages, TestTools.Offer(TestTools.Calculator, TestTools.Clock));

        var body = _server.Bodies[^1];
        Assert.Equal(4, Occurrences(_server.Texts[^1]));
        Assert.False(body.GetProperty("tools")[0].TryGetProperty("cache_control", out _));
        Assert.True(body.GetProperty("tools")[1].TryGetProperty("cache_control", out _));
        Assert.True(body.GetProperty("system")[0].TryGetProperty("cache_control", out _));
        Assert.True(LastBlock(body.GetProperty("messages")[0]).TryGetProperty("cache_control", out _));
        Assert.True(LastBlock(body.GetProperty("messages")[2]).TryGetProperty("cache_control", out _));
    }

    [Fact]
    public async Task Prompt_that_nobody_continues_is_marked_up_to_its_system_message()
    {
        EnqueueAnswer();
        await _server.Client("anthropic:claude-sonnet-4-5").GetResponseAsync([new(ChatRole.System, "Be brief."), new(ChatRole.User, "Hello")]);

        Assert.Equal(1, Occurrences(_server.Texts[0]));
    }

    [Fact]
    public async Task Results_of_one_turn_are_one_message_and_prompts_grow_at_their_end_only()
    {
        var messages = await CalledAsync("claude-sonnet-4-5", thinking: false);
        EnqueueAnswer();
        await _server.Client("anthropic:claude-sonnet-4-5").GetResponseAsync(messages, TestTools.Offer(TestTools.Calculator));

        Assert.Equal(3, _server.LastMessages.GetArrayLength());
        Assert.Equal(2, _server.LastMessages[2].GetProperty("content").GetArrayLength());
        var (before, after) = (WithoutMarks(_server.Bodies[0]), WithoutMarks(_server.Bodies[1]));
        Assert.StartsWith(before[..^1], after, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Thinking_goes_back_signed_to_its_model_and_to_no_other()
    {
        var messages = await CalledAsync("claude-sonnet-4-5", thinking: true);
        var options = new ChatOptions { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Medium }, Tools = [TestTools.Calculator] };
        EnqueueAnswer();
        await _server.Client("anthropic:claude-sonnet-4-5").GetResponseAsync(messages, options);
        EnqueueAnswer();
        await _server.Client("anthropic:claude-opus-4-5").GetResponseAsync(messages, options);

        var own = _server.Bodies[1].GetProperty("messages")[1].GetProperty("content")[0];
        Assert.Equal(("thinking", "I compute.", "SIG"), (own.GetProperty("type").GetString(), own.GetProperty("thinking").GetString(), own.GetProperty("signature").GetString()));
        Assert.Equal(8192, _server.Bodies[1].GetProperty("thinking").GetProperty("budget_tokens").GetInt32());
        Assert.DoesNotContain("SIG", _server.Texts[2], StringComparison.Ordinal);

        // The turn began without thinking of this model, so it is not switched on in the middle.
        Assert.False(_server.Bodies[2].TryGetProperty("thinking", out _));
    }

    [Theory]
    [InlineData(2000, null)]
    [InlineData(6000, 3000)]
    [InlineData(64000, 8192)]
    public async Task Budget_leaves_half_of_the_bound_to_the_answer(int maxOutputTokens, int? budget)
    {
        EnqueueAnswer();
        var options = new ChatOptions
        {
            MaxOutputTokens = maxOutputTokens,
            Temperature = 0.2f,
            Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Medium },
        };

        await _server.Client("anthropic:claude-sonnet-4-5").GetResponseAsync("Hello", options);

        var body = _server.Bodies[0];
        Assert.Equal(maxOutputTokens, body.GetProperty("max_tokens").GetInt32());
        Assert.Equal(budget, body.TryGetProperty("thinking", out var thinking) ? thinking.GetProperty("budget_tokens").GetInt32() : null);
        Assert.True(budget is null || !body.TryGetProperty("temperature", out _));
    }

    [Theory]
    [InlineData("claude-opus-4-7", ReasoningEffort.High, "high")]
    [InlineData("claude-opus-5-5", ReasoningEffort.None, "low")]
    public async Task Models_that_decide_themselves_are_told_the_effort(string model, ReasoningEffort effort, string expected)
    {
        EnqueueAnswer();
        await _server.Client($"anthropic:{model}").GetResponseAsync("Hello", new ChatOptions { Temperature = 0.2f, Reasoning = new ReasoningOptions { Effort = effort } });

        Assert.Equal(expected, _server.Bodies[0].GetProperty("output_config").GetProperty("effort").GetString());
        Assert.Equal("adaptive", _server.Bodies[0].GetProperty("thinking").GetProperty("type").GetString());
        Assert.False(_server.Bodies[0].TryGetProperty("temperature", out _));
    }

    private static int Occurrences(string text) => text.Split("\"cache_control\"").Length - 1;

    private static JsonElement LastBlock(JsonElement message) => message.GetProperty("content").EnumerateArray().Last();

    private static string WithoutMarks(JsonElement body) =>
        body.GetProperty("messages").GetRawText().Replace(",\"cache_control\":{\"type\":\"ephemeral\"}", "", StringComparison.Ordinal);

    private void EnqueueAnswer() => _server.EnqueueRaw(
        """{"id":"msg_2","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"391"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":5}}""",
        "application/json");

    /// <summary>A conversation that has come to two calls and their results, as the journal gives it back.</summary>
    private async Task<List<ChatMessage>> CalledAsync(string model, bool thinking)
    {
        var thought = thinking ? """{"type":"thinking","thinking":"I compute.","signature":"SIG"},""" : "";
        _server.EnqueueRaw(
            $$"""{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{{thought}}{"type":"tool_use","id":"toolu_1","name":"calculator","input":{"expression":"17*23"} },{"type":"tool_use","id":"toolu_2","name":"calculator","input":{"expression":"1+1"} }],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":5} }""",
            "application/json");
        List<ChatMessage> messages = [new(ChatRole.System, "Be brief."), new(ChatRole.User, "17*23?")];
        var response = await _server.Client($"anthropic:{model}").GetResponseAsync(messages, TestTools.Offer(TestTools.Calculator));
        messages.AddRange(response.Messages);
        messages.Add(new ChatMessage(ChatRole.Tool, [new FunctionResultContent("toolu_1", "391")]));
        messages.Add(new ChatMessage(ChatRole.Tool, [new FunctionResultContent("toolu_2", "2")]));
        return ProfiledServer.Stored(messages);
    }
}
