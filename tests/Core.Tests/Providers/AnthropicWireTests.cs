using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Tests.Providers;

/// <summary>Anthropic's messages API, as its official package speaks it, over real HTTP.</summary>
public sealed class AnthropicWireTests : IAsyncLifetime
{
    private const string ToolUse =
        """
        {"id":"msg_1","type":"message","role":"assistant","model":"claude-test","stop_reason":"tool_use","stop_sequence":null,
         "content":[{"type":"text","text":"Let me see."},
                    {"type":"tool_use","id":"toolu_1","name":"calculator","input":{"expression":"17*23"}}],
         "usage":{"input_tokens":20,"output_tokens":9}}
        """;

    private const string Streamed =
        """
        event: message_start
        data: {"type":"message_start","message":{"id":"msg_2","type":"message","role":"assistant","model":"claude-test","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":20,"output_tokens":1}}}

        event: content_block_start
        data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

        event: content_block_delta
        data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Good "}}

        event: content_block_delta
        data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"day."}}

        event: content_block_stop
        data: {"type":"content_block_stop","index":0}

        event: message_delta
        data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}}

        event: message_stop
        data: {"type":"message_stop"}


        """;

    private EffectServer _server = null!;
    private TestProviders _providers = null!;

    public async Task InitializeAsync()
    {
        _server = await EffectServer.StartAsync();
        _providers = TestProviders.With(
            $"Providers__anthropic__Endpoint={_server.Address}",
            "Providers__anthropic__ApiKey=sk-ant-test",
            "Providers__anthropic__RetryAttempts=0");
    }

    public async Task DisposeAsync()
    {
        await _providers.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Tool_use_comes_with_parsed_arguments_and_its_result_goes_back()
    {
        _server.RespondWith(_ => new EffectReply(ToolUse, ContentType: "application/json"));
        var options = TestTools.Offer(TestTools.Calculator);
        List<ChatMessage> messages = [new(ChatRole.System, "Be brief."), new(ChatRole.User, "17*23?")];

        var response = await _providers.Client("anthropic:claude-test").GetResponseAsync(messages, options);
        messages.AddRange(response.Messages);
        messages.Add(new ChatMessage(ChatRole.Tool, [new FunctionResultContent("toolu_1", "391")]));
        await _providers.Client("anthropic:claude-test").GetResponseAsync(messages, options);

        var call = Assert.Single(response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>());
        Assert.Equal(("calculator", "17*23"), (call.Name, call.Arguments?["expression"]?.ToString()));
        Assert.Equal("anthropic:claude-test", response.ModelId);
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
        Assert.Equal((20, 9), (response.Usage?.InputTokenCount, response.Usage?.OutputTokenCount));
        Assert.Equal(2, _server.Count("POST", "/v1/messages"));
        var first = JsonDocument.Parse(_server.Requests[0].Body).RootElement;
        Assert.Equal("claude-test", first.GetProperty("model").GetString());
        Assert.Equal("calculator", first.GetProperty("tools")[0].GetProperty("name").GetString());
        Assert.Equal(8192, first.GetProperty("max_tokens").GetInt32());
        Assert.Contains("\"tool_result\"", _server.Requests[1].Body, StringComparison.Ordinal);
        Assert.Contains("391", _server.Requests[1].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Schema_of_the_answer_is_sent()
    {
        _server.RespondWith(_ => new EffectReply(ToolUse, ContentType: "application/json"));
        var schema = JsonElement.Parse("""{"type":"object","properties":{"total":{"type":"integer"}},"additionalProperties":false}""");

        await _providers.Client("anthropic:claude-test").GetResponseAsync(
            "Hello", new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema) });

        Assert.Contains("\"json_schema\"", _server.Requests[0].Body, StringComparison.Ordinal);
        Assert.Contains("\"total\"", _server.Requests[0].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_is_sent_as_the_package_sends_it()
    {
        _server.RespondWith(_ => new EffectReply(ToolUse, ContentType: "application/json"));

        await _providers.Client("anthropic:claude-test").GetResponseAsync("Hello");

        Assert.Equal("Bearer sk-ant-test", _server.Requests[0].Headers["Authorization"]);
        Assert.Contains("anthropic-version", _server.Requests[0].Headers.Keys, StringComparer.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Streamed_answer_arrives_in_pieces_with_usage_and_model()
    {
        _server.RespondWith(_ => new EffectReply(Streamed, ContentType: "text/event-stream"));

        var updates = await _providers.Client("anthropic:claude-test").GetStreamingResponseAsync("Hello").ToListAsync();

        Assert.Equal(["Good ", "day."], updates.Select(update => update.Text).Where(text => text.Length > 0));
        Assert.All(updates, update => Assert.Equal("anthropic:claude-test", update.ModelId));
        var response = updates.ToChatResponse();
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal((20, 5), (response.Usage?.InputTokenCount, response.Usage?.OutputTokenCount));
    }
}
