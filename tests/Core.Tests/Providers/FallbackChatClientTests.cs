using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Providers;

namespace Yggdrasil.Tests.Providers;

/// <summary>Who is asked when a model cannot answer, counted at two servers.</summary>
public sealed class FallbackChatClientTests : IAsyncLifetime
{
    private ScriptedModelServer _server = null!;
    private ScriptedModelServer _second = null!;

    public async Task InitializeAsync()
    {
        _server = await ScriptedModelServer.StartAsync();
        _second = await ScriptedModelServer.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Theory]
    [InlineData(503, false)]
    [InlineData(503, true)]
    [InlineData(401, false)]
    [InlineData(401, true)]
    public async Task Fallback_answers_when_the_model_cannot(int status, bool streamed)
    {
        _server.RespondWith(_ => ModelReply.Status(status));
        _second.RespondWith(_ => ModelReply.Text("From the second."));
        await using var providers = With("Providers__vllm__RetryAttempts=1");

        var response = await AskAsync(providers.Client("vllm:m", "openai:none", "lmstudio:other"), streamed);

        Assert.Equal(("From the second.", "lmstudio:other"), (response.Text, response.ModelId));
        Assert.Equal(status == 503 ? 2 : 1, _server.Requests.Count);
        Assert.Equal("Hello", Assert.Single(_second.Requests).LastUserText);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rejected_request_does_not_burn_the_chain(bool streamed)
    {
        _server.RespondWith(_ => ModelReply.Status(400));
        await using var providers = With();

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client("vllm:m", "lmstudio:m"), streamed));

        Assert.Equal(("provider_rejected", FailureClass.Stop), (thrown.Code, thrown.Failure));
        Assert.Equal((1, 0), (_server.Requests.Count, _second.Requests.Count));
    }

    [Fact]
    public async Task When_nobody_answers_the_models_own_failure_decides_and_the_message_tells_of_all()
    {
        _server.RespondWith(_ => ModelReply.Status(429, TimeSpan.FromSeconds(60)));
        _second.RespondWith(_ => ModelReply.Status(503, TimeSpan.FromSeconds(40)));
        await using var providers = With("Providers__lmstudio__RetryAttempts=0");

        var thrown = await Assert.ThrowsAsync<ProviderException>(
            () => AskAsync(providers.Client("vllm:m", "lmstudio:m", "openai:m"), streamed: false));

        Assert.Equal(("provider_rate_limited", FailureClass.NextProvider), (thrown.Code, thrown.Failure));
        Assert.Equal(TimeSpan.FromSeconds(40), thrown.RetryAfter);
        Assert.Contains("vllm limits our rate", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("lmstudio failed (503)", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("Providers__openai__ApiKey", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Messages_of_a_single_pass_sequence_reach_every_attempt()
    {
        _server.Enqueue(ModelReply.Status(503), ModelReply.Text("Hi."));
        await using var providers = With();
        var passes = 0;

        await providers.Client("vllm:m").GetResponseAsync(SinglePass());

        Assert.Equal(["Hello", "Hello"], _server.Requests.Select(request => request.LastUserText));

        IEnumerable<ChatMessage> SinglePass()
        {
            Assert.Equal(1, ++passes);
            yield return new ChatMessage(ChatRole.User, "Hello");
        }
    }

    [Fact]
    public async Task Disposing_of_a_client_leaves_the_shared_ones_alone()
    {
        _server.RespondWith(_ => ModelReply.Text("Hi."));
        await using var providers = With();

        providers.Client("vllm:m").Dispose();

        Assert.Equal("Hi.", (await AskAsync(providers.Client("vllm:m"), streamed: false)).Text);
    }

    private TestProviders With(params string[] settings) => TestProviders.With(
        [$"Providers__vllm__Endpoint={_server.Endpoint}", $"Providers__lmstudio__Endpoint={_second.Endpoint}", .. settings]);

    private static Task<ChatResponse> AskAsync(IChatClient client, bool streamed) => streamed
        ? client.GetStreamingResponseAsync("Hello").ToChatResponseAsync()
        : client.GetResponseAsync("Hello");
}
