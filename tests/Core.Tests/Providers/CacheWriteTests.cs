using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Tests.Providers;

/// <summary>What of a prompt a provider wrote to its cache is read in each way in which it is reported, over real HTTP.</summary>
public sealed class CacheWriteTests : IAsyncLifetime
{
    private EffectServer _server = null!;

    public async Task InitializeAsync() => _server = await EffectServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":30,"cache_write_tokens":40}}""", 30, 40)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":30,"cache_creation_tokens":40}}""", 30, 40)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":5,"cache_creation_input_tokens":40,"cache_read_input_tokens":30}""", 30, 40)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":5,"prompt_cache_hit_tokens":30,"prompt_cache_miss_tokens":70}""", 30, null)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":5}""", 0, null)]
    public async Task OpenAI_compatible_servers(string usage, int cached, int? written)
    {
        var choice = """{"index":0,"delta":{"content":"391"},"finish_reason":"stop"}""";
        await AssertAsync("vllm", $$"""data: {"id":"1","choices":[{{choice}}],"usage":{{usage}}}""" + "\n\ndata: [DONE]\n\n", cached, written);
    }

    [Fact]
    public Task Anthropic() => AssertAsync(
        "anthropic",
        """
        data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":30,"cache_creation_input_tokens":40,"cache_read_input_tokens":30,"output_tokens":1}}}

        data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

        data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"391"}}

        data: {"type":"content_block_stop","index":0}

        data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}}

        data: {"type":"message_stop"}


        """,
        30,
        40);

    private async Task AssertAsync(string provider, string body, int cached, int? written)
    {
        _server.RespondWith(_ => new EffectReply(body, ContentType: "text/event-stream"));
        await using var providers = TestProviders.With($"Providers__{provider}__Endpoint={_server.Address}", $"Providers__{provider}__ApiKey=sk-test");

        var usage = (await providers.Client($"{provider}:m").GetStreamingResponseAsync("Hello").ToChatResponseAsync()).Usage!;

        Assert.Equal((100, 5, cached), (usage.InputTokenCount, usage.OutputTokenCount, usage.CachedInputTokenCount));
        Assert.Equal(written, usage.AdditionalCounts is { } counts && counts.TryGetValue("CacheCreationInputTokens", out var count) ? (int)count : null);
    }
}
