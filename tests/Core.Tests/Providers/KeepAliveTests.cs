using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Tests.Providers;

/// <summary>Signs of life over real HTTP: a model that thinks behind them is not given up, and one that is silent is.</summary>
public sealed class KeepAliveTests
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private const string OpenAIAnswer = """
        data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"391"},"finish_reason":"stop"}]}

        data: [DONE]


        """;

    private const string AnthropicAnswer = """
        data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}

        data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

        data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"391"}}

        data: {"type":"content_block_stop","index":0}

        data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":3}}

        data: {"type":"message_stop"}


        """;

    public static TheoryData<string, string, string> SignsOfLife => new()
    {
        { "vllm", ": ping\n\n", OpenAIAnswer },
        { "openrouter", ": OPENROUTER PROCESSING\n\n", OpenAIAnswer },
        { "vllm", ":\n", OpenAIAnswer },
        { "vllm", "\n", OpenAIAnswer },
        { "vllm", "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"hm\"}}]}\n\n", OpenAIAnswer },
        { "vllm", "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"}}]}\n\n", OpenAIAnswer },
        { "anthropic", "event: ping\ndata: {\"type\": \"ping\"}\n\n", AnthropicAnswer },
        { "anthropic", ": keep-alive\n\n", AnthropicAnswer },
    };

    [Theory]
    [MemberData(nameof(SignsOfLife))]
    public async Task Model_that_shows_signs_of_life_is_waited_for_beyond_the_timeout(string provider, string sign, string answer)
    {
        foreach (var streamed in new[] { true, false })
        {
            Assert.Equal("391", await AskAsync(provider, Enumerable.Repeat(sign, 4), answer, streamed));
        }
    }

    [Theory]
    [InlineData("vllm", OpenAIAnswer)]
    [InlineData("anthropic", AnthropicAnswer)]
    public async Task Model_that_is_silent_for_as_long_is_given_up(string provider, string answer)
    {
        foreach (var streamed in new[] { true, false })
        {
            var failure = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(provider, Enumerable.Repeat("", 4), answer, streamed));
            Assert.Equal("provider_timeout", failure.Code);
        }
    }

    /// <summary>Time passes only between signs, and only once the client has set its timer anew: a slow machine changes nothing.</summary>
    private static async Task<string> AskAsync(string provider, IEnumerable<string> signs, string answer, bool streamed)
    {
        var time = new TimerCountingTime();
        await using var server = await LoopbackServer.StartAsync(async (context, cancellationToken) =>
        {
            context.Response.ContentType = "text/event-stream";
            var set = time.TimersSet;
            await context.Response.Body.FlushAsync(cancellationToken);
            foreach (var sign in signs)
            {
                await time.UntilSetAsync(set + 1, cancellationToken);
                time.Advance(Pause);
                if (sign.Length > 0)
                {
                    set = time.TimersSet;
                    await context.Response.WriteAsync(sign, cancellationToken);
                    await context.Response.Body.FlushAsync(cancellationToken);
                }
            }

            await context.Response.WriteAsync(answer, cancellationToken);
        });
        await using var providers = TestProviders.With(
            services => services.AddSingleton<TimeProvider>(time),
            $"Providers__{provider}__Endpoint={server.Address}", $"Providers__{provider}__ApiKey=sk-test", $"Providers__{provider}__RetryAttempts=0",
            $"Providers__{provider}__TimeoutSeconds=50", $"Providers__{provider}__FirstTokenSeconds=50", $"Providers__{provider}__StreamSeconds=600");
        var client = providers.Client($"{provider}:m");
        var response = streamed ? await client.GetStreamingResponseAsync("Hello").ToChatResponseAsync() : await client.GetResponseAsync("Hello");
        return response.Text;
    }
}
