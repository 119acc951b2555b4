using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Tests.Providers;

/// <summary>Every provider that speaks OpenAI's wire format, over real HTTP.</summary>
public sealed class OpenAIWireTests : IAsyncLifetime
{
    private ScriptedModelServer _server = null!;

    public async Task InitializeAsync() => _server = await ScriptedModelServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("openai", "/v1", "/v1/chat/completions")]
    [InlineData("gemini", "/v1beta/openai", "/v1beta/openai/chat/completions")]
    [InlineData("openrouter", "/api/v1", "/api/v1/chat/completions")]
    [InlineData("groq", "/openai/v1/", "/openai/v1/chat/completions")]
    [InlineData("mistral", "/v1", "/v1/chat/completions")]
    [InlineData("lmstudio", "/v1", "/v1/chat/completions")]
    [InlineData("vllm", "/v1", "/v1/chat/completions")]
    public async Task Built_in_provider_with_key_answers_and_names_the_model_that_served(string provider, string endpoint, string path)
    {
        _server.Enqueue(ModelReply.Text("Good morning."));
        await using var providers = TestProviders.With(
            $"Providers__{provider}__Endpoint={new Uri(_server.Address, endpoint)}", $"Providers__{provider}__ApiKey=sk-test");

        var response = await providers.Client($"{provider}:vendor/model:1").GetResponseAsync("Hello");

        Assert.Equal("Good morning.", response.Text);
        Assert.Equal($"{provider}:vendor/model:1", response.ModelId);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal((11, 7), (response.Usage?.InputTokenCount, response.Usage?.OutputTokenCount));
        var request = Assert.Single(_server.Requests);
        Assert.Equal((path, "vendor/model:1", "Hello"), (request.Path, request.Model, request.LastUserText));
        Assert.Equal("Bearer sk-test", request.Headers["Authorization"]);
    }

    [Fact]
    public async Task Configured_compatible_provider_without_key_sends_no_authorization()
    {
        _server.Enqueue(ModelReply.Text("Hi."));
        await using var providers = TestProviders.With(
            "Providers__corp__Type=openai-compatible", $"Providers__corp__Endpoint={_server.Endpoint}");

        var response = await providers.Client("corp:small").GetResponseAsync("Hello");

        Assert.Equal("corp:small", response.ModelId);
        Assert.DoesNotContain("Authorization", _server.Requests[0].Headers.Keys);
    }

    [Theory]
    [InlineData("")]
    [InlineData("openai/v1/")]
    public async Task Azure_with_key_uses_the_v1_path_and_the_api_key_header(string endpoint)
    {
        _server.Enqueue(ModelReply.Text("Hi."));
        await using var providers = TestProviders.With(
            $"Providers__azure__Endpoint={new Uri(_server.Address, endpoint)}", "Providers__azure__ApiKey=azure-key");

        var response = await providers.Client("azure:my-deployment").GetResponseAsync("Hello");

        Assert.Equal("azure:my-deployment", response.ModelId);
        var request = _server.Requests[0];
        Assert.Equal(("/openai/v1/chat/completions", "my-deployment"), (request.Path, request.Model));
        Assert.Equal("azure-key", request.Headers["api-key"]);
        Assert.DoesNotContain("Authorization", request.Headers.Keys);
    }

    [Fact]
    public async Task Streamed_answer_arrives_in_pieces_with_usage_and_model()
    {
        _server.Enqueue(ModelReply.Text("One two three."));
        await using var providers = TestProviders.With(
            $"Providers__openai__Endpoint={_server.Endpoint}", "Providers__openai__ApiKey=sk-test");

        var updates = await providers.Client("openai:gpt").GetStreamingResponseAsync("Count").ToListAsync();

        Assert.Equal(["One ", "two ", "three."], updates.Select(update => update.Text).Where(text => text.Length > 0));
        Assert.All(updates, update => Assert.Equal("openai:gpt", update.ModelId));
        var response = updates.ToChatResponse();
        Assert.Equal((11, 7), (response.Usage?.InputTokenCount, response.Usage?.OutputTokenCount));
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tool_calls_come_with_parsed_arguments_and_results_go_back(bool streamed)
    {
        _server.Enqueue(
            ModelReply.ToolCalls(("calculator", """{"expression":"1+1"}"""), ("clock", """{"timeZone":"Europe/Oslo"}""")),
            ModelReply.Text("2, at noon."));
        await using var providers = TestProviders.With(
            $"Providers__openai__Endpoint={_server.Endpoint}", "Providers__openai__ApiKey=sk-test");
        var client = providers.Client("openai:gpt");
        var options = TestTools.Offer(TestTools.Calculator, TestTools.Clock);
        List<ChatMessage> messages = [new(ChatRole.User, "1+1, and the time in Oslo?")];

        var turn = await AskAsync(client, messages, options, streamed);
        var calls = turn.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().ToList();
        messages.AddRange(turn.Messages);
        messages.Add(new ChatMessage(ChatRole.Tool, [.. calls.Select(call => new FunctionResultContent(call.CallId, $"{call.Name} result"))]));
        var answer = await AskAsync(client, messages, options, streamed);

        Assert.Equal(ChatFinishReason.ToolCalls, turn.FinishReason);
        Assert.Equal(["calculator", "clock"], calls.Select(call => call.Name));
        Assert.Equal("1+1", calls[0].Arguments?["expression"]?.ToString());
        Assert.Equal("Europe/Oslo", calls[1].Arguments?["timeZone"]?.ToString());
        Assert.Equal("2, at noon.", answer.Text);
        Assert.Equal(["calculator", "clock"], _server.Requests[0].Tools);
        Assert.Equal(["calculator result", "clock result"], _server.Requests[1].ToolResults);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Broken_json_arguments_are_a_call_without_arguments_that_holds_the_exception(bool streamed)
    {
        _server.Enqueue(ModelReply.ToolCalls(("calculator", """{"expression": "1+""")));
        await using var providers = TestProviders.With(
            $"Providers__openai__Endpoint={_server.Endpoint}", "Providers__openai__ApiKey=sk-test");

        var response = await AskAsync(
            providers.Client("openai:gpt"), [new(ChatRole.User, "1+1?")], TestTools.Offer(TestTools.Calculator), streamed);

        var call = Assert.Single(response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>());
        Assert.Null(call.Arguments);
        Assert.NotNull(call.Exception);
    }

    [Fact]
    public async Task Answer_cut_by_the_content_filter_stays_an_answer()
    {
        _server.Enqueue(ModelReply.Text("") with { FinishReason = "content_filter" });
        await using var providers = TestProviders.With(
            $"Providers__openai__Endpoint={_server.Endpoint}", "Providers__openai__ApiKey=sk-test");

        var response = await providers.Client("openai:gpt").GetResponseAsync("Hello");

        Assert.Equal(ChatFinishReason.ContentFilter, response.FinishReason);
    }

    [Fact]
    public async Task Model_in_the_options_does_not_replace_the_clients_own()
    {
        _server.Enqueue(ModelReply.Text("Hi."));
        await using var providers = TestProviders.With($"Providers__vllm__Endpoint={_server.Endpoint}");

        await providers.Client("vllm:mine").GetResponseAsync("Hello", new ChatOptions { ModelId = "claude" });

        Assert.Equal("mine", _server.Requests[0].Model);
    }

    private static Task<ChatResponse> AskAsync(
        IChatClient client, IEnumerable<ChatMessage> messages, ChatOptions options, bool streamed) => streamed
        ? client.GetStreamingResponseAsync(messages, options).ToChatResponseAsync()
        : client.GetResponseAsync(messages, options);
}
