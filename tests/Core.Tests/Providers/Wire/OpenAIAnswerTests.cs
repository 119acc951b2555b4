using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Tests.Providers.Wire;

/// <summary>What servers of OpenAI's format send, seen through the vendor's package over real HTTP, streamed and not.</summary>
public sealed class OpenAIAnswerTests : IAsyncLifetime
{
    private ScriptedModelServer _server = null!;

    /// <summary>Chunks, and the text, reason, calls and tokens they come to.</summary>
    public static TheoryData<string, string> Answers => new()
    {
        { """[{"delta":{"role":"","content":"39"}},{"delta":{"content":"1"},"finish_reason":"eos"}]""", "391|stop||" },
        { """[{"delta":{"content":"391"},"finish_reason":""}]""", "391|stop||" },
        { """[{"delta":{"content":"391"},"finish_reason":"model_length"}]""", "391|length||" },
        { """[{"delta":{"content":"391"},"finish_reason":"SAFETY"}]""", "391|content_filter||" },
        { """[{"delta":{"content":null,"refusal":"I can't"}},{"delta":{"refusal":" help."},"finish_reason":"stop"}]""", "I can't help.|refusal||" },
        { """[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"391"}]},"finish_reason":"stop"}]""", "391(hm)|stop||" },
        { """[{"delta":{"reasoning":"hm"}},{"delta":{"content":"391"},"finish_reason":"stop"}]""", "(hm)391|stop||" },
        { """[{"delta":{"content":"hi \ud83d"}},{"delta":{"content":"\ude00"},"finish_reason":"stop"}]""", "hi 😀|stop||" },
        { """[{"delta":{"content":"half \ud83d"}},{"delta":{"content":" pair"},"finish_reason":"stop"}]""", "half \uFFFD pair|stop||" },
        { """[{"delta":{"content":"half \ud83d"},"finish_reason":"stop"}]""", "half \uFFFD|stop||" },
        { """[{"delta":{"content":"391"},"usage":{"prompt_tokens":1000,"completion_tokens":1}},{"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":1000,"completion_tokens":3}}]""", "391|stop||1000/3" },
        { """[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"tool_calls"}]""", "|tool_calls|f{\"x\":1} g{}|" },
        { """[{"delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}]}},{"delta":{"tool_calls":[{"id":"b","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"stop"}]""", "|tool_calls|f{\"x\":1} g{}|" },
        { """[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":"{\"x\":1}"}},{"function":{"name":"f","arguments":"{\"x\":2}"}}]},"finish_reason":"stop"}]""", "|tool_calls|f{\"x\":1} f{\"x\":2}|" },
        { """[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"x\":1}"}}]}},{"delta":{"tool_calls":[{"index":1,"id":"c","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"stop"}]""", "|tool_calls|f{\"x\":1} g{}|" },
        { """[{"delta":{"tool_calls":[{"index":0,"id":null,"function":{"name":"f","arguments":"{\"x\""}}]}},{"delta":{"tool_calls":[{"index":0,"id":null,"function":{"arguments":":1}"}}]},"finish_reason":"stop"}]""", "|tool_calls|f{\"x\":1}|" },
        { """[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}]}},{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":":1}"}}]},"finish_reason":"stop"}]""", "|tool_calls|f{\"x\":1}|" },
        { """[{"delta":{"tool_calls":[{"index":2,"id":"a","function":{"name":"f","arguments":{"x":1}}}]},"finish_reason":"stop"}]""", "|tool_calls|f{\"x\":1}|" },
        { """[{"delta":{"function_call":{"name":"f","arguments":"{\"x\":1}"}},"finish_reason":"function_call"}]""", "|tool_calls|f{\"x\":1}|" },
        { """[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":\"\\ud83d\"}"}}]},"finish_reason":"stop"}]""", "|tool_calls|f!|" },
    };

    public async Task InitializeAsync() => _server = await ScriptedModelServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Answer_is_read_as_it_is_meant(string choices, string expected)
    {
        var chunks = JsonElement.Parse(choices).EnumerateArray().Select(Chunk).ToList();
        var stream = string.Concat(chunks.Select(chunk => $"data: {chunk}\n\n")) + "data: [DONE]\n\n";
        foreach (var answer in new[] { stream, stream.Replace("\n", "\r\n", StringComparison.Ordinal), "\uFEFF: hi\n\n" + stream.Replace("data: ", "data:", StringComparison.Ordinal) })
        {
            _server.RespondWith(_ => ModelReply.Raw(answer, "text/event-stream"));
            Assert.Equal(expected, await AskAsync(streamed: true));
            Assert.Equal(expected, await AskAsync(streamed: false));
        }
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":"391"},"finish_reason":null}],"usage":{"prompt_tokens":10,"completion_tokens":5}}""", "391|stop||10/5")]
    [InlineData("""{"choices":[{"message":{"content":null,"tool_calls":[{"id":"","function":{"name":"f","arguments":"{}"}},{"id":"","function":{"name":"f","arguments":"{}"}}]}}]}""", "|tool_calls|f{} f{}|")]
    [InlineData("""{"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]}""", "No.|refusal||")]
    public async Task Whole_answer_is_taken_where_a_stream_was_asked_for(string answer, string expected)
    {
        _server.RespondWith(_ => ModelReply.Raw(answer));

        Assert.Equal(expected, await AskAsync(streamed: true));
        Assert.Equal(expected, await AskAsync(streamed: false));
    }

    [Theory]
    [InlineData("""{"error":{"message":"Slow down","code":429}}""", "provider_rate_limited")]
    [InlineData("""{"error":{"message":"Your credit balance is too low","type":"invalid_request_error","code":400}}""", "provider_credentials")]
    [InlineData("""{"object":"error","message":"maximum context length","code":400}""", "context_too_long")]
    [InlineData("""{"detail":"Internal"}""", "provider_unavailable")]
    [InlineData("<html><body>502 Bad Gateway</body></html>", "provider_unavailable")]
    [InlineData("", "provider_unavailable")]
    [InlineData("""{"choices":[{"delta":{"content":"3"},"finish_reason":"insufficient_system_resource"}]}""", "provider_unavailable")]
    [InlineData("""{"choices":[{"error":{"code":502,"message":"x"},"finish_reason":"error"}]}""", "provider_unavailable")]
    public async Task What_is_no_answer_is_a_failure_of_its_class(string body, string code)
    {
        foreach (var answer in new[] { body, $"data: {body}\n\n" })
        {
            _server.RespondWith(_ => ModelReply.Raw(answer, "text/event-stream"));
            var streamed = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(streamed: true));
            var whole = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(streamed: false));
            Assert.Equal((code, code), (streamed.Code, whole.Code));
        }
    }

    private static string Chunk(JsonElement choice)
    {
        var usage = choice.TryGetProperty("usage", out var counted) ? counted.GetRawText() : "null";
        return $$"""{"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{{choice.GetRawText()}}],"usage":{{usage}}}""";
    }

    private async Task<string> AskAsync(bool streamed)
    {
        await using var providers = TestProviders.With(
            $"Providers__vllm__Endpoint={_server.Endpoint}", "Providers__vllm__RetryAttempts=0", "Providers__vllm__BreakerFailures=1000");
        var client = providers.Client("vllm:m");
        var response = streamed ? await client.GetStreamingResponseAsync("Hello").ToChatResponseAsync() : await client.GetResponseAsync("Hello");
        var said = new StringBuilder();
        foreach (var content in response.Messages.SelectMany(message => message.Contents))
        {
            said.Append(content switch
            {
                TextReasoningContent { Text.Length: > 0 } reasoning => $"({reasoning.Text})",
                TextContent text => text.Text,
                _ => "",
            });
        }

        var calls = response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()
            .Select(call => call.Name + (call.Exception is null ? JsonSerializer.Serialize(call.Arguments) : "!"));
        var usage = response.Usage is { } tokens ? string.Create(CultureInfo.InvariantCulture, $"{tokens.InputTokenCount}/{tokens.OutputTokenCount}") : "";
        return $"{said}|{response.FinishReason}|{string.Join(' ', calls)}|{usage}";
    }
}
