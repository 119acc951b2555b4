using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Models;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;
using Yggdrasil.Telemetry;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Providers;

/// <summary>Who is asked when a model cannot answer, counted at two servers.</summary>
public sealed class FallbackChatClientTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly RecordedLog<FallbackTelemetry> _log = new();
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
        Assert.EndsWith("No other model was asked: the fault is not the provider's.", thrown.Message, StringComparison.Ordinal);
        Assert.Equal((1, 0), (_server.Requests.Count, _second.Requests.Count));
        Assert.Contains(_log.Entries, entry => (entry.Level, entry.EventId) == (LogLevel.Warning, 6012));
    }

    [Fact]
    public async Task Rejection_by_the_last_of_the_chain_says_nothing_of_others()
    {
        _server.RespondWith(_ => ModelReply.Status(400));
        await using var providers = With();

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client("vllm:m"), streamed: false));

        Assert.Equal("vllm rejected the request (400).", thrown.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Preferred_model_is_asked_first_and_when_it_fails_the_others_in_their_order(bool streamed)
    {
        _server.RespondWith(_ => ModelReply.Text("From the first."));
        _second.RespondWith(_ => ModelReply.Text("From the second."));
        await using var providers = With("Providers__lmstudio__RetryAttempts=0");
        IChatClient Client() => providers.Clients.GetClient(
            new ModelId("vllm", "m"), [new ModelId("openai", "m"), new ModelId("lmstudio", "m")], new ModelId("lmstudio", "m"));

        Assert.Equal("lmstudio:m", (await AskAsync(Client(), streamed)).ModelId);
        Assert.Empty(_server.Requests);
        _second.RespondWith(_ => ModelReply.Status(503));
        Assert.Equal("vllm:m", (await AskAsync(Client(), streamed)).ModelId);
        Assert.Equal((1, 2), (_server.Requests.Count, _second.Requests.Count));
    }

    [Fact]
    public async Task Preferred_model_that_is_not_of_the_chain_is_not_asked()
    {
        _server.RespondWith(_ => ModelReply.Text("From the first."));
        await using var providers = With();

        var client = providers.Clients.GetClient(new ModelId("vllm", "m"), [], new ModelId("lmstudio", "m"));

        Assert.Equal("vllm:m", (await AskAsync(client, streamed: false)).ModelId);
        Assert.Empty(_second.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Telemetry_names_the_original_and_the_active_model(bool streamed)
    {
        _server.RespondWith(_ => ModelReply.Status(401));
        _second.RespondWith(_ => ModelReply.Text("From the second."));
        await using var providers = With();
        using var fallbacks = new RecordedMeasurements(providers, "yggdrasil.provider.fallbacks");
        using var span = new Activity("model call").Start();

        await AskAsync(providers.Client("vllm:m", "lmstudio:other"), streamed);

        Assert.Equal(
            ("vllm:m", "lmstudio:other"), (span.GetTagItem(Signals.Attributes.OriginalModel), span.GetTagItem(Signals.Attributes.ActiveModel)));
        Assert.Equal(
            "error.type=provider_credentials yggdrasil.model.active=lmstudio:other yggdrasil.model.failed=vllm:m yggdrasil.model.original=vllm:m",
            Assert.Single(fallbacks.Tags));
        Assert.Contains(_log.Entries, entry => entry.EventId == 6011);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Model_that_hangs_before_its_answer_falls_back_unseen_after_the_timeout(bool streamed)
    {
        var gate = new Gate();
        _server.RespondWith(_ => ModelReply.Hang(gate));
        _second.RespondWith(_ => ModelReply.Text("From the second."));
        await using var providers = With(_time);

        var asking = AskAsync(providers.Client("vllm:m", "lmstudio:m"), streamed);
        await gate.Reached;
        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal("From the second.", (await asking).Text);
        Assert.Equal((1, 1), (_server.Requests.Count, _second.Requests.Count));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(3, 4)]
    public async Task Answer_that_breaks_off_is_asked_for_again_as_often_as_the_setting_says(int attempts, int asked)
    {
        const string Half = """data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"One "},"finish_reason":null}]}""";
        _server.RespondWith(_ => ModelReply.Raw($"{Half}\n\n", "text/event-stream"));
        await using var providers = With($"Providers__vllm__RetryAttempts={attempts}", "Providers__vllm__BreakerFailures=1000");

        var updates = new List<ChatResponseUpdate>();
        var failure = await Assert.ThrowsAsync<ProviderException>(async () =>
        {
            await foreach (var update in providers.Client("vllm:m").GetStreamingResponseAsync("Hello"))
            {
                updates.Add(update);
            }
        });

        Assert.Equal("provider_unavailable", failure.Code);
        Assert.Equal((asked, attempts), (_server.Requests.Count, updates.Count(update => ModelRestart.Of(update) is not null)));
    }

    [Fact]
    public async Task Answer_that_breaks_off_is_asked_for_of_the_others_before_the_same_model_again()
    {
        const string Half = """data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"One "},"finish_reason":null}]}""";
        _server.RespondWith(_ => _second.Requests.Count == 0 ? ModelReply.Raw($"{Half}\n\n", "text/event-stream") : ModelReply.Text("Whole."));
        _second.RespondWith(_ => ModelReply.Raw($"{Half}\n\n", "text/event-stream"));
        await using var providers = With("Providers__vllm__RetryAttempts=1", "Providers__lmstudio__RetryAttempts=0");

        var updates = await providers.Client("vllm:m", "lmstudio:m").GetStreamingResponseAsync("Hello").ToListAsync();

        Assert.Equal(["vllm:m", "lmstudio:m"], updates.Select(ModelRestart.Of).OfType<ModelRestart>().Select(restart => restart.Failed));
        Assert.Equal(("Whole.", 2, 1), (string.Concat(updates.SkipWhile(update => ModelRestart.Of(update)?.Failed != "lmstudio:m").Select(update => update.Text)), _server.Requests.Count, _second.Requests.Count));
    }

    [Fact]
    public async Task Model_that_falls_silent_in_its_answer_is_followed_by_the_next_which_begins_anew()
    {
        _server.RespondWith(_ => ModelReply.Text("One two three four.") with { MidStreamGate = new Gate() });
        _second.RespondWith(_ => ModelReply.Text("From the second."));
        await using var providers = With(_time);
        await using var updates = providers.Client("vllm:m", "lmstudio:m").GetStreamingResponseAsync("Hello").GetAsyncEnumerator();
        for (var text = ""; text != "One two three "; text += updates.Current.Text)
        {
            Assert.True(await updates.MoveNextAsync());
        }

        var next = updates.MoveNextAsync().AsTask();
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.True(await next);
        var restart = ModelRestart.Of(updates.Current);
        var anew = "";
        while (await updates.MoveNextAsync())
        {
            anew += updates.Current.Text;
        }

        Assert.Equal(("vllm:m", "provider_timeout", "From the second."), (restart?.Failed, restart?.Code, anew));
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

    private TestProviders With(params string[] settings) => With(TimeProvider.System, settings);

    private TestProviders With(TimeProvider time, params string[] settings) => TestProviders.With(
        services => services.AddSingleton<ILogger<FallbackTelemetry>>(_log).AddSingleton(time),
        [$"Providers__vllm__Endpoint={_server.Endpoint}", .. Patience(settings), $"Providers__lmstudio__Endpoint={_second.Endpoint}", .. settings]);

    /// <summary>The silence that tests wait for, unless they say another.</summary>
    private static string[] Patience(string[] settings) =>
        Array.Exists(settings, setting => setting.StartsWith("Providers__vllm__TimeoutSeconds", StringComparison.Ordinal)) ? [] : ["Providers__vllm__TimeoutSeconds=30"];

    private static Task<ChatResponse> AskAsync(IChatClient client, bool streamed) => streamed
        ? client.GetStreamingResponseAsync("Hello").ToChatResponseAsync()
        : client.GetResponseAsync("Hello");
}
