using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Models.Demo;

namespace Yggdrasil.Tests.Providers.Demo;

public sealed class DemoChatClientTests
{
    private static readonly DemoChatClient Demo = new("assistant", TimeProvider.System);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sample_prompt_takes_three_turns(bool streamed)
    {
        await using var providers = TestProviders.With();
        var client = providers.Client("demo:assistant");
        var options = TestTools.Offer(TestTools.Calculator, TestTools.Clock);
        List<ChatMessage> messages = [new(ChatRole.User, "What is 17*23, and what time is it in Oslo?")];

        var first = await AskAsync(client, messages, options, streamed);
        Answer(messages, first, "391");
        var second = await AskAsync(client, messages, options, streamed);
        Answer(messages, second, "2026-11-23T14:05:31+01:00");
        var third = await AskAsync(client, messages, options, streamed);

        Assert.Equal(["calculator expression=17*23"], Calls(first));
        Assert.Equal(["clock timeZone=Europe/Oslo"], Calls(second));
        Assert.Equal("17*23 = 391. In Oslo it is 14:05 (Europe/Oslo).", third.Text);
        Assert.Equal(
            [ChatFinishReason.ToolCalls, ChatFinishReason.ToolCalls, ChatFinishReason.Stop],
            new[] { first, second, third }.Select(turn => turn.FinishReason!.Value));
        Assert.All([first, second, third], turn => Assert.Equal("demo:assistant", turn.ModelId));
        Assert.True(third.Usage?.InputTokenCount > first.Usage?.InputTokenCount);
        Assert.True(first.Usage?.OutputTokenCount > 0);
    }

    [Fact]
    public async Task Calls_of_one_tool_go_side_by_side()
    {
        List<ChatMessage> messages = [new(ChatRole.User, "What time is it in Oslo, New York and Tokyo?")];
        var options = TestTools.Offer(TestTools.Clock);

        var turn = await Demo.GetResponseAsync(messages, options);
        Answer(messages, turn, "14:05", "08:05", "22:05");
        var answer = await Demo.GetResponseAsync(messages, options);

        Assert.Equal(
            ["clock timeZone=Europe/Oslo", "clock timeZone=America/New_York", "clock timeZone=Asia/Tokyo"], Calls(turn));
        Assert.Equal(
            "In Oslo it is 14:05 (Europe/Oslo). In New York it is 08:05 (America/New_York). In Tokyo it is 22:05 (Asia/Tokyo).",
            answer.Text);
    }

    [Theory]
    [InlineData("What is 2+2?", "391", "2+2 = 391.")]
    [InlineData("What is 2+2?", """{"result":4}""", "2+2 = 4.")]
    [InlineData("What is 2+2?", "Error: division by zero", "Working out 2+2 failed: Error: division by zero")]
    [InlineData("What is 2+2?", """{"error":"denied"}""", "Working out 2+2 failed: error: denied")]
    [InlineData("What is 2+2?", "", "2+2 = .")]
    [InlineData("What time is it in Oslo?", """{"timeZone":"Europe/Oslo","time":"2026-11-23T09:07:00+01:00"}""", "In Oslo it is 09:07 (Europe/Oslo).")]
    [InlineData("What time is it in Oslo?", "half past nine", "The clock says for Oslo: half past nine")]
    [InlineData("Fetch http://a.example/x", "<p>Hi</p>", "http://a.example/x answered: <p>Hi</p>")]
    [InlineData("Post \"a\" to http://a.example/x", "done", "I sent it to http://a.example/x, which answered: done")]
    public async Task Result_of_a_tool_is_told(string prompt, string result, string answer)
    {
        List<ChatMessage> messages = [new(ChatRole.User, prompt)];
        var options = TestTools.Offer(TestTools.Calculator, TestTools.Clock, TestTools.HttpGet, TestTools.HttpPost);

        Answer(messages, await Demo.GetResponseAsync(messages, options), result);

        Assert.Equal(answer, (await Demo.GetResponseAsync(messages, options)).Text);
    }

    [Fact]
    public async Task Tool_that_is_not_offered_is_not_called_and_missed_plainly()
    {
        List<ChatMessage> messages = [new(ChatRole.User, "What is 2+2, and what time is it in Oslo?")];
        var options = TestTools.Offer(TestTools.Calculator);

        Answer(messages, await Demo.GetResponseAsync(messages, options), "4");
        var answer = await Demo.GetResponseAsync(messages, options);
        var withoutTools = await Demo.GetResponseAsync([messages[0]]);

        Assert.Equal("2+2 = 4. Telling the time in Oslo takes the tool clock, which this agent does not have.", answer.Text);
        Assert.StartsWith("Working out 2+2 takes the tool calculator", withoutTools.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tools_switched_off_are_not_called()
    {
        var options = TestTools.Offer(TestTools.Calculator);
        options.ToolMode = ChatToolMode.None;

        var answer = await Demo.GetResponseAsync("What is 2+2?", options);

        Assert.Empty(Calls(answer));
    }

    [Fact]
    public async Task Earlier_turns_of_the_conversation_are_left_alone()
    {
        var options = TestTools.Offer(TestTools.Calculator);
        List<ChatMessage> messages = [new(ChatRole.User, "What is 2+2?")];
        Answer(messages, await Demo.GetResponseAsync(messages, options), "4");
        messages.AddRange((await Demo.GetResponseAsync(messages, options)).Messages);
        messages.Add(new ChatMessage(ChatRole.User, "And 3+3?"));

        var turn = await Demo.GetResponseAsync(messages, options);

        Assert.Equal(["calculator expression=3+3"], Calls(turn));
    }

    [Theory]
    [InlineData("Hello")]
    [InlineData("")]
    public async Task Without_a_task_it_says_what_it_is(string prompt) =>
        Assert.StartsWith("I am the demo model", (await Demo.GetResponseAsync(prompt)).Text, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"type":"object","properties":{"answer":{"type":"string"},"value":{"type":"integer"}},"required":["answer"]}""", """{"answer":"2+2 = 4.","value":4}""")]
    [InlineData("""{"type":"object","properties":{"kind":{"enum":["sum","time"]},"sure":{"type":"boolean"},"n":{"type":["number","null"],"maximum":3}}}""", """{"kind":"sum","sure":true,"n":3}""")]
    [InlineData("""{"type":"array","items":{"type":"string","maxLength":3},"minItems":2}""", """["2+2","2+2"]""")]
    [InlineData("""{"properties":{"a":{"anyOf":[{"const":7},{"type":"string"}]},"b":{"type":"null"}}}""", """{"a":7,"b":null}""")]
    [InlineData("""{"type":5,"items":true}""", "\"2\\u002B2 = 4.\"")]
    public async Task Answer_takes_the_form_of_the_response_schema(string schema, string answer)
    {
        List<ChatMessage> messages = [new(ChatRole.User, "What is 2+2?")];
        var options = TestTools.Offer(TestTools.Calculator);
        options.ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonDocument.Parse(schema).RootElement);

        Answer(messages, await Demo.GetResponseAsync(messages, options), "4");
        var response = await Demo.GetResponseAsync(messages, options);

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(answer), JsonNode.Parse(response.Text)), response.Text);
    }

    [Fact]
    public async Task Answer_streams_word_by_word_and_is_the_same_as_the_whole()
    {
        var updates = await Demo.GetStreamingResponseAsync("Hello").ToListAsync();
        var whole = await Demo.GetResponseAsync("Hello");

        Assert.Equal(whole.Text.Split(' ').Length, updates.Count(update => update.Text.Length > 0));
        Assert.Equal(whole.Text, updates.ToChatResponse().Text);
        Assert.Equal(whole.Usage?.TotalTokenCount, updates.ToChatResponse().Usage?.TotalTokenCount);
    }

    [Fact]
    public async Task Slow_model_waits_before_it_answers_and_can_be_cancelled()
    {
        var time = new FakeTimeProvider();
        await using var providers = TestProviders.With(services => services.AddSingleton<TimeProvider>(time));
        using var cancellation = new CancellationTokenSource();

        var asking = providers.Client("demo:slow").GetResponseAsync("Hello");
        var cancelled = providers.Client("demo:slow").GetResponseAsync("Hello", cancellationToken: cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        time.Advance(TimeSpan.FromMilliseconds(1499));
        Assert.False(asking.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.StartsWith("I am the demo model", (await asking).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_prompt_and_any_result_get_an_answer()
    {
        var options = TestTools.Offer(TestTools.Calculator, TestTools.Clock, TestTools.HttpGet);
        await Gen.Select(Gen.String, Gen.String).SampleAsync(async texts =>
        {
            var (prompt, result) = texts;
            List<ChatMessage> messages = [new(ChatRole.User, $"{prompt} what is 2+2 {prompt}")];
            for (var turn = 0; turn < 10; turn++)
            {
                var response = await Demo.GetResponseAsync(messages, options);
                if (response.FinishReason == ChatFinishReason.Stop)
                {
                    return response.Text.Length > 0;
                }

                Answer(messages, response, [.. Calls(response).Select(_ => result)]);
            }

            return false;
        }, iter: 300);
    }

    private static void Answer(List<ChatMessage> messages, ChatResponse turn, params string[] results)
    {
        var calls = turn.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().ToList();
        Assert.Equal(results.Length, calls.Count);
        // Under other ids, as a loop with ids of its own would have them.
        messages.Add(new ChatMessage(ChatRole.Assistant, [.. calls.Select((call, index) =>
            new FunctionCallContent($"own-{messages.Count}-{index}", call.Name, call.Arguments))]));
        messages.Add(new ChatMessage(ChatRole.Tool, [.. results.Select((result, index) =>
            new FunctionResultContent($"own-{messages.Count - 1}-{index}", result))]));
    }

    private static IEnumerable<string> Calls(ChatResponse turn) => turn.Messages
        .SelectMany(message => message.Contents).OfType<FunctionCallContent>()
        .Select(call => $"{call.Name} {string.Join(' ', call.Arguments!.Select(argument => $"{argument.Key}={argument.Value}"))}");

    private static Task<ChatResponse> AskAsync(
        IChatClient client, IEnumerable<ChatMessage> messages, ChatOptions options, bool streamed) => streamed
        ? client.GetStreamingResponseAsync(messages, options).ToChatResponseAsync()
        : client.GetResponseAsync(messages, options);
}
