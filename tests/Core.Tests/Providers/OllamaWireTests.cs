using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Clients;

namespace Yggdrasil.Tests.Providers;

/// <summary>Ollama's own chat API, as OllamaSharp speaks it, over real HTTP.</summary>
public sealed class OllamaWireTests : IAsyncLifetime
{
    private EffectServer _server = null!;
    private TestProviders _providers = null!;

    public async Task InitializeAsync()
    {
        _server = await EffectServer.StartAsync();
        _providers = TestProviders.With($"Providers__ollama__Endpoint={_server.Address}");
    }

    public async Task DisposeAsync()
    {
        await _providers.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Tool_call_comes_with_parsed_arguments()
    {
        _server.RespondWith(_ => new EffectReply(
            """
            {"model":"llama","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"calculator","arguments":{"expression":"17*23"}}}]},"done":true,"done_reason":"stop","prompt_eval_count":20,"eval_count":9}

            """,
            ContentType: "application/x-ndjson"));

        var response = await _providers.Client("ollama:llama:8b")
            .GetResponseAsync("17*23?", TestTools.Offer(TestTools.Calculator));

        var call = Assert.Single(response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>());
        Assert.Equal(("calculator", "17*23"), (call.Name, call.Arguments?["expression"]?.ToString()));
        Assert.Equal("ollama:llama:8b", response.ModelId);
        Assert.Equal((20, 9), (response.Usage?.InputTokenCount, response.Usage?.OutputTokenCount));
        Assert.Equal(1, _server.Count("POST", "/api/chat"));
        var request = JsonDocument.Parse(_server.Requests[0].Body).RootElement;
        Assert.Equal("llama:8b", request.GetProperty("model").GetString());
        Assert.Equal("calculator", request.GetProperty("tools")[0].GetProperty("function").GetProperty("name").GetString());
    }

    [Fact]
    public async Task Schema_of_the_answer_is_sent()
    {
        _server.RespondWith(_ => new EffectReply(
            """
            {"model":"llama","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"{}"},"done":true,"done_reason":"stop"}

            """,
            ContentType: "application/x-ndjson"));
        var schema = JsonElement.Parse("""{"type":"object","properties":{"total":{"type":"integer"}}}""");

        await _providers.Client("ollama:llama").GetResponseAsync("Hello", new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema) });

        var format = JsonDocument.Parse(_server.Requests[0].Body).RootElement.GetProperty("format");
        Assert.Equal("integer", format.GetProperty("properties").GetProperty("total").GetProperty("type").GetString());
    }

    [Fact]
    public async Task Streamed_answer_arrives_in_pieces_with_usage_and_model()
    {
        _server.RespondWith(_ => new EffectReply(
            """
            {"model":"llama","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"Good "},"done":false}
            {"model":"llama","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"day."},"done":false}
            {"model":"llama","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":20,"eval_count":5}

            """,
            ContentType: "application/x-ndjson"));

        var updates = await _providers.Client("ollama:llama").GetStreamingResponseAsync("Hello").ToListAsync();

        Assert.Equal(["Good ", "day."], updates.Select(update => update.Text).Where(text => text.Length > 0));
        Assert.All(updates, update => Assert.Equal("ollama:llama", update.ModelId));
        var response = updates.ToChatResponse();
        Assert.Equal((20, 5), (response.Usage?.InputTokenCount, response.Usage?.OutputTokenCount));
    }

    [Theory]
    [InlineData("""{"error":"an error was encountered while running the model"}""")]
    [InlineData("")]
    public async Task Answer_that_breaks_off_begins_anew_at_the_same_model_whatever_lines_are_empty(string end)
    {
        var asked = 0;
        _server.RespondWith(_ => new EffectReply(
            Interlocked.Increment(ref asked) == 1
                ? $$"""{"model":"llama","message":{"role":"assistant","content":"3"},"done":false}{{"\n"}}{{end}}{{"\n\n"}}"""
                : """
                    : waiting
                    {"model":"llama","message":{"role":"assistant","content":"39"},"done":false}

                    {"model":"llama","message":{"role":"assistant","content":"1"},"done":false}
                    {"model":"llama","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}


                    """,
            ContentType: "application/x-ndjson"));

        var updates = await _providers.Client("ollama:llama").GetStreamingResponseAsync("Hello").ToListAsync();

        var restart = updates.FindIndex(update => ModelRestart.Of(update) is not null);
        Assert.Equal(("3", "391"), (Text(updates[..restart]), Text(updates[(restart + 1)..])));
        Assert.Equal(2, asked);
    }

    [Theory]
    [InlineData("""{"\ude00":1}""")]
    [InlineData("""{"expression":{"\ude00":"\ud83d"}}""")]
    [InlineData("""{"expression":"\ud83d"}""")]
    public async Task Arguments_with_half_a_pair_are_a_call_that_cannot_be_made(string arguments)
    {
        _server.RespondWith(_ => new EffectReply(
            $$$"""{"model":"llama","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"calculator","arguments":{{{arguments}}}}}]},"done":true,"done_reason":"stop"}""",
            ContentType: "application/x-ndjson"));

        var response = await _providers.Client("ollama:llama").GetStreamingResponseAsync("17*23?", TestTools.Offer(TestTools.Calculator)).ToChatResponseAsync();

        var call = Assert.Single(response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>());
        Assert.Equal("calculator", call.Name);
        Assert.NotNull(call.Exception);
    }

    private static string Text(IEnumerable<ChatResponseUpdate> updates) => string.Concat(updates.Select(update => update.Text));
}
