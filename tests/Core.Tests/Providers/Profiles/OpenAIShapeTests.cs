using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Models.Clients;
using Yggdrasil.Redaction;

namespace Yggdrasil.Tests.Providers.Profiles;

/// <summary>What goes back to a server of OpenAI's format, and to which.</summary>
public sealed class OpenAIShapeTests : IAsyncLifetime
{
    private const string Call = """{"id":"call_1","type":"function","function":{"name":"calculator","arguments":"{\"expression\": \"17*23\"}"}}""";

    private ProfiledServer _server = null!;

    public async Task InitializeAsync() => _server = await ProfiledServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Arguments_go_back_byte_for_byte_also_after_storage(bool streamed)
    {
        var asked = streamed ? await StreamedCallAsync("fake:m") : await CalledAsync("fake:m", $$"""{"role":"assistant","content":null,"tool_calls":[{{Call}}]}""");

        await _server.Client("fake:m").GetResponseAsync(asked, TestTools.Offer(TestTools.Calculator));

        var function = _server.LastMessages[1].GetProperty("tool_calls")[0].GetProperty("function");
        Assert.Equal("""{"expression": "17*23"}""", function.GetProperty("arguments").GetString());
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("\"null\"")]
    [InlineData("\" \"")]
    public async Task Empty_arguments_are_a_call_without_arguments_and_go_back_as_an_object(string arguments)
    {
        var asked = await CalledAsync(
            "fake:m", $$$"""{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"now","arguments":{{{arguments}}} } }]}""");

        await _server.Client("fake:m").GetResponseAsync(asked);

        var call = asked[1].Contents.OfType<FunctionCallContent>().Single();
        Assert.Null(call.Exception);
        Assert.Empty(call.Arguments!);
        Assert.Equal("{}", _server.LastMessages[1].GetProperty("tool_calls")[0].GetProperty("function").GetProperty("arguments").GetString());
    }

    [Theory]
    [InlineData("""{\"expression\":""")]
    [InlineData("[1]")]
    [InlineData("seventeen")]
    public async Task Arguments_that_are_no_object_go_back_as_an_empty_one(string arguments)
    {
        var asked = await CalledAsync(
            "fake:m", $$$"""{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"calculator","arguments":"{{{arguments}}}"}}]}""");

        await _server.Client("fake:m").GetResponseAsync(asked);

        Assert.Equal("{}", _server.LastMessages[1].GetProperty("tool_calls")[0].GetProperty("function").GetProperty("arguments").GetString());
    }

    [Fact]
    public async Task Redaction_of_arguments_leaves_nothing_of_how_they_were_written()
    {
        var asked = await CalledAsync(
            "fake:m",
            """{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"calculator","arguments":"{ \"expression\" : \"ada@example.com\" }"}}]}""");

        await new RedactingChatClient(_server.Client("fake:m"), RedactionMode.Mask).GetResponseAsync(asked);

        Assert.DoesNotContain("ada@example.com", _server.Texts[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signature_goes_back_to_its_model_and_to_no_other()
    {
        var asked = await CalledAsync(
            "gemini:gemini-3-pro",
            """{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"calculator","arguments":"{}"},"extra_content":{"google":{"thought_signature":"SIG=="}}}]}""");

        await _server.Client("gemini:gemini-3-pro").GetResponseAsync(asked);
        await _server.Client("gemini:gemini-3-flash").GetResponseAsync(asked);
        await _server.Client("mistral:large").GetResponseAsync(asked);

        Assert.Equal("SIG==", SignatureIn(_server.Bodies[1]));
        Assert.Equal("skip_thought_signature_validator", SignatureIn(_server.Bodies[2]));
        Assert.DoesNotContain("extra_content", _server.Texts[3], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reasoning_goes_back_to_its_model_and_to_no_other(bool streamed)
    {
        var asked = streamed
            ? await StreamedCallAsync("deepseek:chat")
            : await CalledAsync("deepseek:chat", $$"""{"role":"assistant","content":"","reasoning_content":"I compute.","tool_calls":[{{Call}}]}""");

        await _server.Client("deepseek:chat").GetResponseAsync(asked);
        await _server.Client("deepseek:other").GetResponseAsync(asked);
        await _server.Client("mistral:large").GetResponseAsync(asked);
        await _server.Client("openai:gpt-4.1").GetResponseAsync(asked);

        Assert.Equal("I compute.", _server.Bodies[1].GetProperty("messages")[1].GetProperty("reasoning_content").GetString());
        Assert.Equal("", _server.Bodies[2].GetProperty("messages")[1].GetProperty("reasoning_content").GetString());
        Assert.All(_server.Texts.Skip(3), body => Assert.DoesNotContain("I compute.", body, StringComparison.Ordinal));
        Assert.All(_server.Texts.Skip(3), body => Assert.DoesNotContain("reasoning_content", body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Streamed_details_of_reasoning_go_back_whole()
    {
        _server.EnqueueRaw(
            Chunk("""{"role":"assistant","reasoning":"I ","reasoning_details":[{"type":"reasoning.text","text":"I ","index":0}]}""")
            + Chunk("""{"reasoning_details":[{"type":"reasoning.text","text":"think.","signature":"S","index":0}]}""")
            + Chunk($$"""{"tool_calls":[{{Call.Replace("\"id\"", "\"index\":0,\"id\"", StringComparison.Ordinal)}}]}""")
            + End("tool_calls"),
            "text/event-stream");
        List<ChatMessage> messages = [new(ChatRole.User, "17*23?")];
        var response = await _server.Client("openrouter:x/y").GetStreamingResponseAsync(messages).ToChatResponseAsync();
        messages.AddRange(response.Messages);
        messages.Add(new ChatMessage(ChatRole.Tool, [new FunctionResultContent(CallIdOf(response), "391")]));

        await _server.Client("openrouter:x/y").GetResponseAsync(ProfiledServer.Stored(messages));
        await _server.Client("openrouter:x/z").GetResponseAsync(ProfiledServer.Stored(messages));

        var details = _server.Bodies[1].GetProperty("messages")[1].GetProperty("reasoning_details");
        Assert.Equal("""[{"type":"reasoning.text","text":"I think.","index":0,"signature":"S"}]""", details.GetRawText());
        Assert.DoesNotContain("reasoning_details", _server.Texts[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Details_of_reasoning_before_a_text_go_back_unchanged_through_all_turns()
    {
        const string Details = """[{"type":"reasoning.summary","summary":"Hm.","id":null,"format":"anthropic-claude-v1","index":0},{"type":"reasoning.encrypted","data":"c2lnbmVk","id":"r1","format":"anthropic-claude-v1","index":1}]""";
        List<ChatMessage> messages = [new(ChatRole.User, "17*23?")];
        for (var turn = 0; turn < 3; turn++)
        {
            _server.EnqueueRaw(
                Chunk($$"""{"role":"assistant","content":"","reasoning":"Hm.","reasoning_details":{{Details}}}""") + Chunk($$"""{"content":"39{{turn}}"}""") + End("stop"),
                "text/event-stream");
            var response = await _server.Client("openrouter:x/y").GetStreamingResponseAsync(messages).ToChatResponseAsync();
            messages = [.. ProfiledServer.Stored([.. messages, .. response.Messages, new(ChatRole.User, "And then?")])];
        }

        await _server.Client("openrouter:x/y").GetResponseAsync(messages);
        await _server.Client("openrouter:x/z").GetResponseAsync(messages);

        var answers = _server.Bodies[^2].GetProperty("messages").EnumerateArray().Where(message => message.GetProperty("role").GetString() == "assistant").ToList();
        Assert.Equal(["390", "391", "392"], answers.Select(answer => answer.GetProperty("content").GetString()));
        Assert.All(answers, answer => Assert.Equal(Details, answer.GetProperty("reasoning_details").GetRawText()));
        Assert.DoesNotContain("reasoning", _server.Texts[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gemini:gemini-3-pro", "gemini:gemini-3-flash", "google", false)]
    [InlineData("gemini:gemini-3-pro", "mistral:large", "google", true)]
    [InlineData("gemini:gemini-2.5-flash", "openai:gpt-4.1", "google", true)]
    [InlineData("fake:gateway", "fake:other", "vertex", true)]
    public async Task Signature_of_a_text_goes_back_to_its_model_and_to_no_other(string model, string other, string vendor, bool streamed)
    {
        var extra = $$$"""{"{{{vendor}}}":{"thought_signature":"SIG+/=="}}""";
        if (streamed)
        {
            _server.EnqueueRaw(
                Chunk("""{"role":"assistant","content":"","reasoning_content":"hm","extra_content":{"google":{"thought":true}}}""") + Chunk("""{"content":"391"}""")
                + Chunk($$"""{"content":"","extra_content":{{extra}}}""") + End("stop"),
                "text/event-stream");
        }
        else
        {
            _server.Enqueue($$"""{"role":"assistant","content":"391","extra_content":{{extra}}}""");
        }

        List<ChatMessage> messages = [new(ChatRole.User, "17*23?")];
        var response = streamed
            ? await _server.Client(model).GetStreamingResponseAsync(messages).ToChatResponseAsync()
            : await _server.Client(model).GetResponseAsync(messages);
        messages = [.. ProfiledServer.Stored([.. messages, .. response.Messages, new(ChatRole.User, "And then?")])];

        await _server.Client(model).GetResponseAsync(messages);
        await _server.Client(other).GetResponseAsync(messages);

        Assert.Equal("391", response.Text);
        Assert.Equal(extra, _server.Bodies[1].GetProperty("messages")[1].GetProperty("extra_content").GetRawText());
        Assert.DoesNotContain("extra_content", _server.Texts[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prompt_of_a_Claude_of_OpenRouters_is_marked_and_no_other_is()
    {
        List<ChatMessage> messages =
        [
            new(ChatRole.System, "Be brief."), new(ChatRole.User, "17*23, and the time?"),
            new(ChatRole.Assistant, [new FunctionCallContent("a", "calculator"), new FunctionCallContent("b", "clock")]),
            new(ChatRole.Tool, [new FunctionResultContent("a", "391"), new FunctionResultContent("b", "noon <ü>")]),
        ];

        await _server.Client("openrouter:anthropic/claude-sonnet-4.5").GetResponseAsync(messages, TestTools.Offer(TestTools.Calculator, TestTools.Clock));
        await _server.Client("openrouter:openai/gpt-5").GetResponseAsync(messages, TestTools.Offer(TestTools.Calculator, TestTools.Clock));

        var marked = _server.Bodies[0].GetProperty("messages").EnumerateArray().ToList();
        Assert.Equal(["system", "user", "assistant", "tool", "tool"], marked.Select(message => message.GetProperty("role").GetString()));
        Assert.Equal(
            ["Be brief.", "17*23, and the time?", "noon <ü>"],
            marked.Select(message => message.GetProperty("content")).Where(content => content.ValueKind == JsonValueKind.Array).Select(content =>
            {
                Assert.Equal("""{"type":"ephemeral"}""", content[0].GetProperty("cache_control").GetRawText());
                return content[0].GetProperty("text").GetString();
            }));
        Assert.Equal(["391"], marked.Where(message => message.GetProperty("role").GetString() == "tool" && message.GetProperty("content").ValueKind == JsonValueKind.String).Select(message => message.GetProperty("content").GetString()));
        Assert.Equal(marked[3].GetProperty("tool_call_id").GetString(), marked[2].GetProperty("tool_calls")[0].GetProperty("id").GetString());
        Assert.Equal(marked[4].GetProperty("tool_call_id").GetString(), marked[2].GetProperty("tool_calls")[1].GetProperty("id").GetString());
        Assert.DoesNotContain("cache_control", _server.Texts[1], StringComparison.Ordinal);
        Assert.Equal("391", Assert.IsType<FunctionResultContent>(messages[3].Contents[0]).Result);
    }

    [Theory]
    [InlineData("openai:gpt-4.1", "max_completion_tokens", "max_tokens")]
    [InlineData("mistral:large", "max_tokens", "max_completion_tokens")]
    [InlineData("fake:m", "max_tokens", "max_completion_tokens")]
    public async Task Answer_is_bounded_by_the_field_that_the_provider_takes(string model, string sent, string notSent)
    {
        await _server.Client(model).GetResponseAsync("Hello", new ChatOptions { MaxOutputTokens = 77 });

        Assert.Equal(77, _server.Bodies[0].GetProperty(sent).GetInt32());
        Assert.False(_server.Bodies[0].TryGetProperty(notSent, out _));
    }

    [Fact]
    public async Task Fields_that_a_provider_refuses_are_left_out()
    {
        _server.EnqueueRaw(Chunk("""{"role":"assistant","content":"391"}""") + End("stop"), "text/event-stream");
        await _server.Client("mistral:large").GetStreamingResponseAsync("Hello").ToChatResponseAsync();
        await _server.Client("openai:gpt-5-mini").GetResponseAsync("Hello", new ChatOptions { Temperature = 0.2f });
        await _server.Client("openai:gpt-4.1").GetResponseAsync("Hello", new ChatOptions { Temperature = 0.2f });

        Assert.False(_server.Bodies[0].TryGetProperty("stream_options", out _));
        Assert.False(_server.Bodies[1].TryGetProperty("temperature", out _));
        Assert.True(_server.Bodies[2].TryGetProperty("temperature", out _));
    }

    [Theory]
    [InlineData("openai:gpt-4.1", false, "json_schema", false)]
    [InlineData("openai:gpt-4.1", true, "json_schema", false)]
    [InlineData("deepseek:chat", false, "json_object", true)]
    [InlineData("groq:openai/gpt-oss-20b", false, "json_schema", false)]
    [InlineData("groq:openai/gpt-oss-20b", true, null, true)]
    [InlineData("fake:m", false, null, true)]
    public async Task Schema_is_asked_for_as_the_model_takes_it(string model, bool withTools, string? format, bool inWords)
    {
        var schema = JsonElement.Parse("""{"type":"object","properties":{"total":{"type":"integer"}},"required":["total"]}""");
        var options = new ChatOptions
        {
            ResponseFormat = ChatResponseFormat.ForJsonSchema(schema),
            Tools = withTools ? [TestTools.Calculator] : null,
        };

        await _server.Client(model).GetResponseAsync([new(ChatRole.System, "Be brief."), new(ChatRole.User, "Hello")], options);

        Assert.Equal(format, _server.Bodies[0].TryGetProperty("response_format", out var sent) ? sent.GetProperty("type").GetString() : null);
        Assert.Equal(inWords, _server.LastMessages[0].GetProperty("content").GetString()!.Contains("\"total\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("openai:gpt-5-mini", ReasoningEffort.None, "reasoning_effort", "\"minimal\"")]
    [InlineData("openai:o3", ReasoningEffort.ExtraHigh, "reasoning_effort", "\"high\"")]
    [InlineData("openai:gpt-5.2", ReasoningEffort.ExtraHigh, "reasoning_effort", "\"xhigh\"")]
    [InlineData("openrouter:x/y", ReasoningEffort.Low, "reasoning", """{"effort":"low"}""")]
    [InlineData("deepseek:chat", ReasoningEffort.None, "thinking", """{"type":"disabled"}""")]
    [InlineData("deepseek:chat", ReasoningEffort.Medium, "reasoning_effort", "\"high\"")]
    public async Task Effort_is_passed_on_in_the_providers_words(string model, ReasoningEffort effort, string field, string value)
    {
        await _server.Client(model).GetResponseAsync("Hello", new ChatOptions { Reasoning = new ReasoningOptions { Effort = effort } });

        Assert.Equal(value, _server.Bodies[0].GetProperty(field).GetRawText());
    }

    [Theory]
    [InlineData("openai:gpt-4.1")]
    [InlineData("mistral:large")]
    [InlineData("fake:m")]
    public async Task Effort_is_not_sent_to_who_would_refuse_it(string model)
    {
        await _server.Client(model).GetResponseAsync("Hello", new ChatOptions { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.High } });

        Assert.DoesNotContain("reasoning", _server.Texts[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_stand_over_the_profile()
    {
        await using var server = await ProfiledServer.StartAsync(
            "Providers__fake__Profile__Like=openai",
            "Providers__fake__Profile__StructuredOutput=words",
            "Providers__mistral__Profile__MaxTokensField=max_completion_tokens",
            "Providers__openai__Profile__RefusedFields=temperature");

        await server.Client("fake:m").GetResponseAsync("Hello", new ChatOptions { MaxOutputTokens = 7, ResponseFormat = ChatResponseFormat.ForJsonSchema<int[]>() });
        await server.Client("mistral:m").GetResponseAsync("Hello", new ChatOptions { MaxOutputTokens = 7 });
        await server.Client("openai:gpt-4.1").GetResponseAsync("Hello", new ChatOptions { Temperature = 1 });

        Assert.Equal(7, server.Bodies[0].GetProperty("max_completion_tokens").GetInt32());
        Assert.False(server.Bodies[0].TryGetProperty("response_format", out _));
        Assert.Equal(7, server.Bodies[1].GetProperty("max_completion_tokens").GetInt32());
        Assert.False(server.Bodies[2].TryGetProperty("temperature", out _));
    }

    private static string? SignatureIn(JsonElement body) => body.GetProperty("messages")[1].GetProperty("tool_calls")[0]
        .GetProperty("extra_content").GetProperty("google").GetProperty("thought_signature").GetString();

    private static string CallIdOf(ChatResponse response) =>
        response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().Single().CallId;

    private static string Chunk(string delta) => $$$"""data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{{{delta}}},"finish_reason":null}]}""" + "\n\n";

    private static string End(string reason) =>
        $$$"""data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"{{{reason}}}"}]}""" + "\n\ndata: [DONE]\n\n";

    /// <summary>A conversation that has come to a call and its result, as the journal gives it back.</summary>
    private async Task<List<ChatMessage>> CalledAsync(string model, string message)
    {
        _server.Enqueue(message);
        List<ChatMessage> messages = [new(ChatRole.User, "17*23?")];
        var response = await _server.Client(model).GetResponseAsync(messages, TestTools.Offer(TestTools.Calculator));
        return [.. ProfiledServer.Stored([.. messages, .. response.Messages, new(ChatRole.Tool, [new FunctionResultContent(CallIdOf(response), "391")])])];
    }

    private async Task<List<ChatMessage>> StreamedCallAsync(string model)
    {
        _server.EnqueueRaw(
            Chunk("""{"role":"assistant","content":null,"reasoning_content":"I "}""") + Chunk("""{"reasoning_content":"compute."}""")
            + Chunk("""{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"calculator","arguments":"{\"expression\":"}}]}""")
            + Chunk("""{"tool_calls":[{"index":0,"function":{"arguments":" \"17*23\"}"}}]}""") + End("tool_calls"),
            "text/event-stream");
        List<ChatMessage> messages = [new(ChatRole.User, "17*23?")];
        var response = await _server.Client(model).GetStreamingResponseAsync(messages, TestTools.Offer(TestTools.Calculator)).ToChatResponseAsync();
        return [.. ProfiledServer.Stored([.. messages, .. response.Messages, new(ChatRole.Tool, [new FunctionResultContent(CallIdOf(response), "391")])])];
    }
}
