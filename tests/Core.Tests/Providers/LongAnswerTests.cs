using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Tests.Providers;

/// <summary>An answer that goes on and on, a gigabyte if it is let, over real HTTP: it is cut at the bound, and its connection with it.</summary>
public sealed class LongAnswerTests
{
    private const int Megabyte = 1024 * 1024;
    private const int Bound = Megabyte;

    // What sockets on both sides hold before the sender learns that nobody reads any more.
    private const long Buffers = 16 * Megabyte;

    private static readonly string Text = new('x', 32 * 1024);

    public static TheoryData<string, string, string> Answers => new()
    {
        // provider, what comes once, what comes again and again
        { "vllm", "", $$$"""data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"{{{Text}}}"},"finish_reason":null}]}""" + "\n\n" },
        { "vllm", "", $$$"""data: {"id":"1","choices":[{"index":0,"delta":{"reasoning":"{{{Text}}}"}}]}""" + "\n\n" },
        { "vllm", """data: {"id":"1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"x\":\""}}]}}]}""" + "\n\n",
            $$$"""data: {"id":"1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{{{Text}}}"}}]}}]}""" + "\n\n" },
        { "vllm", """{"choices":[{"message":{"content":" """, Text },
        { "vllm", "data: ", Text },
        { "anthropic", """data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}""" + "\n\n",
            $$$"""data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{{{Text}}}"}}""" + "\n\n" },
        { "ollama", "", $$$"""{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"{{{Text}}}"},"done":false}""" + "\n" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Endless_answer_is_cut_at_the_bound_and_its_connection_with_it(string provider, string once, string again)
    {
        await using var server = new EndlessServer(once, again);
        await using var providers = TestProviders.With(
            $"Providers__{provider}__Endpoint={server.Address}", $"Providers__{provider}__ApiKey=sk-test", $"Providers__{provider}__RetryAttempts=0",
            $"Providers__{provider}__MaxAnswerKilobytes={Bound / 1024}");

        var failure = await Assert.ThrowsAsync<ProviderException>(() => providers.Client($"{provider}:m").GetStreamingResponseAsync("Hello").ToChatResponseAsync());

        Assert.Equal("answer_too_long", failure.Code);
        Assert.InRange(server.Sent, 0, Bound + Buffers);
    }
}
