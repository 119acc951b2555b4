using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Tests.Providers;

/// <summary>Retries, timeout, breaker and limit, counted at the server.</summary>
public sealed class ProviderResilienceTests : IAsyncLifetime
{
    private ScriptedModelServer _server = null!;

    public async Task InitializeAsync() => _server = await ScriptedModelServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData(503, 2, false, 3)]
    [InlineData(503, 2, true, 3)]
    [InlineData(429, 1, false, 2)]
    [InlineData(408, 1, true, 2)]
    [InlineData(500, 0, false, 1)]
    [InlineData(401, 2, false, 1)]
    [InlineData(400, 2, false, 1)]
    [InlineData(404, 2, true, 1)]
    public async Task Only_what_may_pass_is_retried_and_only_so_often(int status, int attempts, bool streamed, int calls)
    {
        _server.RespondWith(_ => ModelReply.Status(status));
        await using var providers = With($"Providers__vllm__RetryAttempts={attempts}");

        await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client("vllm:m"), streamed));

        Assert.Equal(calls, _server.Requests.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Retry_that_succeeds_answers(bool streamed)
    {
        _server.Enqueue(ModelReply.Status(503), ModelReply.Reset(), ModelReply.Text("At last."));
        await using var providers = With();

        var response = await AskAsync(providers.Client("vllm:m"), streamed);

        Assert.Equal("At last.", response.Text);
        Assert.Equal(3, _server.Requests.Count);
    }

    [Fact]
    public async Task Pause_is_the_one_the_provider_asked_for()
    {
        var time = new TimerSignallingTime(TimeSpan.FromSeconds(20));
        _server.Enqueue(ModelReply.Status(429, TimeSpan.FromSeconds(20)), ModelReply.Text("Now."));
        await using var providers = With(services => services.AddSingleton<TimeProvider>(time));

        var asking = AskAsync(providers.Client("vllm:m"), streamed: false);
        await time.TimerSet;
        time.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal("Now.", (await asking).Text);
    }

    [Theory]
    [InlineData(31, 3600)]
    [InlineData(10, 5)]
    public async Task Pause_beyond_the_cap_or_the_timeout_is_not_taken(int retryAfterSeconds, int timeoutSeconds)
    {
        _server.RespondWith(_ => ModelReply.Status(429, TimeSpan.FromSeconds(retryAfterSeconds)));
        await using var providers = With($"Providers__vllm__TimeoutSeconds={timeoutSeconds}");

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client("vllm:m"), streamed: false));

        Assert.Equal(("provider_rate_limited", TimeSpan.FromSeconds(retryAfterSeconds)), (thrown.Code, thrown.RetryAfter));
        Assert.Single(_server.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Provider_that_hangs_times_out(bool streamed)
    {
        var time = new FakeTimeProvider();
        var gate = new Gate();
        _server.RespondWith(_ => ModelReply.Hang(gate));
        await using var providers = With(services => services.AddSingleton<TimeProvider>(time));

        var asking = AskAsync(providers.Client("vllm:m"), streamed);
        await gate.Reached;
        time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal("provider_timeout", (await Assert.ThrowsAsync<ProviderException>(() => asking)).Code);
        Assert.Single(_server.Requests);
    }

    [Theory]
    // A model that fell silent is asked again as often as the setting says, one that goes on for ever is not.
    [InlineData(3600, 0, 30, "provider_timeout", 1)]
    [InlineData(20, 0, 20, "provider_timeout", 1)]
    [InlineData(20, 1, 20, "provider_timeout", 1)]
    public async Task Stream_that_falls_silent_or_takes_too_long_ends(int streamSeconds, int retries, int seconds, string code, int calls)
    {
        var time = new FakeTimeProvider();
        _server.Enqueue(ModelReply.Text("One two three four.") with { MidStreamGate = new Gate() });
        await using var providers = With(
            services => services.AddSingleton<TimeProvider>(time),
            $"Providers__vllm__StreamSeconds={streamSeconds}",
            $"Providers__vllm__RetryAttempts={retries}");
        _server.RespondWith(_ => ModelReply.Status(503));

        await using var updates = providers.Client("vllm:m").GetStreamingResponseAsync("Hello").GetAsyncEnumerator();
        await ReadAsync(updates, "One two three ");
        var next = NextAsync(updates);
        time.Advance(TimeSpan.FromSeconds(seconds));

        Assert.Equal(code, (await Assert.ThrowsAsync<ProviderException>(() => next)).Code);
        Assert.Equal(calls, _server.Requests.Count);
    }

    [Fact]
    public async Task Stream_that_comes_steadily_is_not_cut_at_the_timeout()
    {
        var time = new FakeTimeProvider();
        var middle = new Gate();
        _server.RespondWith(_ => ModelReply.Text("One two three four.") with { MidStreamGate = middle });
        await using var providers = With(services => services.AddSingleton<TimeProvider>(time));

        await using var updates = providers.Client("vllm:m").GetStreamingResponseAsync("Hello").GetAsyncEnumerator();
        await ReadAsync(updates, "One two three ");
        var next = updates.MoveNextAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(29));
        middle.Open();
        Assert.True(await next);
        // A reader who takes a minute is no silence of the provider's.
        time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("four.", updates.Current.Text);
        while (await updates.MoveNextAsync())
        {
        }
    }

    [Fact]
    public async Task Attempt_without_a_first_token_in_time_is_repeated()
    {
        var time = new FakeTimeProvider();
        var hanging = new Gate();
        _server.Enqueue(ModelReply.Hang(hanging), ModelReply.Text("Now."));
        await using var providers = With(
            services => services.AddSingleton<TimeProvider>(time), "Providers__vllm__FirstTokenSeconds=5");

        var asking = AskAsync(providers.Client("vllm:m"), streamed: true);
        await hanging.Reached;
        time.Advance(TimeSpan.FromSeconds(5));
        while (!asking.IsCompleted)
        {
            // The pause before the retry is jittered.
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(1);
        }

        Assert.Equal("Now.", (await asking).Text);
        Assert.Equal(2, _server.Requests.Count);
    }

    [Fact]
    public async Task Breaker_opens_lets_one_probe_through_and_closes_when_it_succeeds()
    {
        var time = new FakeTimeProvider();
        var probe = new Gate();
        _server.RespondWith(_ => ModelReply.Status(503));
        await using var providers = With(
            services => services.AddSingleton<TimeProvider>(time),
            "Providers__vllm__RetryAttempts=0",
            "Providers__vllm__BreakerFailures=3");
        var client = providers.Client("vllm:m");
        for (var failure = 0; failure < 3; failure++)
        {
            await Assert.ThrowsAsync<ProviderException>(() => AskAsync(client, streamed: false));
        }

        var refused = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(client, streamed: false));
        Assert.Equal(("provider_unavailable", 3), (refused.Code, _server.Requests.Count));

        time.Advance(TimeSpan.FromSeconds(31));
        _server.RespondWith(_ => ModelReply.Hang(probe, ModelReply.Text("Back.")));
        var probing = AskAsync(client, streamed: false);
        await probe.Reached;
        await Assert.ThrowsAsync<ProviderException>(() => AskAsync(client, streamed: false));
        Assert.Equal(4, _server.Requests.Count);

        probe.Open();
        Assert.Equal("Back.", (await probing).Text);
        Assert.Equal("Back.", (await AskAsync(client, streamed: false)).Text);
        Assert.Equal(5, _server.Requests.Count);
    }

    [Fact]
    public async Task Callers_who_leave_and_requests_refused_do_not_open_the_breaker()
    {
        await using var providers = With("Providers__vllm__RetryAttempts=0", "Providers__vllm__BreakerFailures=2");
        var client = providers.Client("vllm:m");
        for (var call = 0; call < 3; call++)
        {
            var gate = new Gate();
            _server.Enqueue(ModelReply.Status(400), ModelReply.Hang(gate));
            await Assert.ThrowsAsync<ProviderException>(() => AskAsync(client, streamed: false));
            using var leaving = new CancellationTokenSource();
            var asking = client.GetResponseAsync("Hello", cancellationToken: leaving.Token);
            await gate.Reached;
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        }

        _server.Enqueue(ModelReply.Text("Still here."));
        Assert.Equal("Still here.", (await AskAsync(client, streamed: false)).Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Calls_beyond_the_limit_wait(bool streamed)
    {
        var gate = new Gate();
        _server.RespondWith(_ => ModelReply.Hang(gate));
        await using var providers = With("Providers__vllm__MaxConcurrency=2");

        var calls = Enumerable.Range(0, 3).Select(_ => AskAsync(providers.Client("vllm:m"), streamed)).ToList();
        await _server.WaitForRequestAsync(2);
        Assert.Equal(2, _server.Requests.Count);
        gate.Open();

        Assert.All(await Task.WhenAll(calls), response => Assert.Equal("released", response.Text));
        Assert.Equal(3, _server.Requests.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Call_that_holds_an_activity_gives_up_its_wait_and_is_called_when_there_is_a_slot(bool streamed)
    {
        var gate = new Gate();
        _server.RespondWith(_ => ModelReply.Hang(gate));
        await using var providers = With("Providers__vllm__MaxConcurrency=1");
        var called = new TaskCompletionSource<string>();
        var bob = new ModelCaller("t!bob")
        {
            IsActivity = true, Key = "bobs-run", Patience = TimeSpan.Zero, Call = _ => { called.TrySetResult("bobs-run"); return Task.CompletedTask; },
        };
        var hanging = ModelCaller.AsAsync(new ModelCaller("t!alice"), () => AskAsync(providers.Client("vllm:m"), streamed));
        await gate.Reached;

        var busy = await Assert.ThrowsAsync<ProviderBusyException>(
            () => ModelCaller.AsAsync(bob, () => AskAsync(providers.Client("vllm:m", "vllm:other"), streamed)));
        Assert.InRange(busy.Recheck, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60));
        Assert.False(called.Task.IsCompleted);
        gate.Open();
        await hanging;

        Assert.Equal("bobs-run", await called.Task.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal("released", (await ModelCaller.AsAsync(bob, () => AskAsync(providers.Client("vllm:m"), streamed))).Text);
    }

    [Fact]
    public async Task One_users_slow_calls_leave_slots_to_the_next_user()
    {
        var gate = new Gate();
        _server.RespondWith(request => request.LastUserText == "slow" ? ModelReply.Hang(gate) : ModelReply.Text("Quick."));
        await using var providers = With();
        var slow = Enumerable.Range(0, 50).Select(_ => ModelCaller.AsAsync(
            new ModelCaller("t!alice"), () => providers.Client("vllm:m").GetResponseAsync("slow"))).ToList();
        await _server.WaitForRequestAsync(15);

        var quick = await ModelCaller.AsAsync(new ModelCaller("t!bob"), () => providers.Client("vllm:m").GetResponseAsync("quick"));

        Assert.Equal("Quick.", quick.Text);
        Assert.Equal(16, _server.Requests.Count);
        gate.Open();
        await Task.WhenAll(slow);
    }

    private static async Task ReadAsync(IAsyncEnumerator<ChatResponseUpdate> updates, string until)
    {
        var text = "";
        while (text != until)
        {
            Assert.True(await updates.MoveNextAsync());
            text += updates.Current.Text;
        }
    }

    /// <summary>The next update that is no restart.</summary>
    private static async Task NextAsync(IAsyncEnumerator<ChatResponseUpdate> updates)
    {
        while (await updates.MoveNextAsync() && ModelRestart.Of(updates.Current) is not null)
        {
        }
    }

    private TestProviders With(params string[] settings) => With(_ => { }, settings);

    private TestProviders With(Action<IServiceCollection> register, params string[] settings) =>
        TestProviders.With(register, [$"Providers__vllm__Endpoint={_server.Endpoint}", .. Patience(settings), .. settings]);

    /// <summary>The silence that tests wait for, unless they say another.</summary>
    private static string[] Patience(string[] settings) =>
        Array.Exists(settings, setting => setting.StartsWith("Providers__vllm__TimeoutSeconds", StringComparison.Ordinal)) ? [] : ["Providers__vllm__TimeoutSeconds=30"];

    private static Task<ChatResponse> AskAsync(IChatClient client, bool streamed) => streamed
        ? client.GetStreamingResponseAsync("Hello").ToChatResponseAsync()
        : client.GetResponseAsync("Hello");
}
