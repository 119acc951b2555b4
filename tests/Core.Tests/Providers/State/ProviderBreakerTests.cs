using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.State;

namespace Yggdrasil.Tests.Providers.State;

/// <summary>What opens and closes a breaker, its own failures and what other instances tell, counted at the server.</summary>
public sealed class ProviderBreakerTests : IAsyncLifetime
{
    private const string Code = "provider_unavailable";
    private static readonly TimeSpan Break = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private ScriptedModelServer _server = null!;
    private TestProviders _providers = null!;

    private ProviderStates States => _providers.Get<ProviderStates>();

    private ProviderBreaker Breaker => _providers.Get<ProviderBreakers>().Find("vllm")!;

    private BreakerState? State => States.Find("vllm")?.Breaker;

    public async Task InitializeAsync()
    {
        _server = await ScriptedModelServer.StartAsync();
        _providers = With();
    }

    public async Task DisposeAsync()
    {
        await _providers.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Half_open_breaker_lets_exactly_one_of_many_through(bool adopted)
    {
        await OpenAsync(adopted);
        _time.Advance(Break);
        var probe = new Gate();
        var before = _server.Requests.Count;
        _server.RespondWith(_ => ModelReply.Hang(probe, ModelReply.Text("Back.")));

        var calls = Enumerable.Range(0, 64).Select(_ => Task.Run(() => Record.ExceptionAsync(() => AskAsync()))).ToList();
        await probe.Reached;
        await Poll.UntilAsync(() => calls.Count(call => call.IsCompleted) == 63);
        Assert.Equal((before + 1, BreakerState.HalfOpen), (_server.Requests.Count, State));
        probe.Open();
        var outcomes = await Task.WhenAll(calls);

        Assert.Equal(63, outcomes.Count(outcome => outcome is ProviderException { Code: Code }));
        Assert.Equal((before + 1, BreakerState.Closed), (_server.Requests.Count, State));
        Assert.Equal("Back.", (await AskAsync()).Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Call_that_fails_while_half_open_opens_it_again(bool adopted)
    {
        await OpenAsync(adopted);
        _time.Advance(Break);
        var before = _server.Requests.Count;
        _server.RespondWith(_ => ModelReply.Status(503));

        await FailAsync();
        Assert.Equal(before + 1, _server.Requests.Count);
        Assert.Equal((BreakerState.Open, _time.GetUtcNow() + Break), (State!.Value, States.Find("vllm")!.Until));
        _time.Advance(Break - TimeSpan.FromSeconds(1));
        await FailAsync();

        Assert.Equal(before + 1, _server.Requests.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Caller_who_leaves_while_half_open_has_proved_nothing(bool adopted)
    {
        await OpenAsync(adopted);
        _time.Advance(Break);
        var before = _server.Requests.Count;
        var gate = new Gate();
        _server.RespondWith(_ => ModelReply.Hang(gate));
        using var leaving = new CancellationTokenSource();
        var asking = _providers.Client("vllm:m").GetResponseAsync("Hello", cancellationToken: leaving.Token);
        await gate.Reached;
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);

        Assert.NotEqual(BreakerState.Closed, State);
        _time.Advance(Break);
        _server.RespondWith(_ => ModelReply.Status(503));
        await FailAsync();
        await FailAsync();
        Assert.Equal(before + 2, _server.Requests.Count);
    }

    [Fact]
    public async Task Break_of_another_instance_is_followed_without_a_failure_and_ends_with_it()
    {
        _server.RespondWith(_ => ModelReply.Text("Hi."));
        var until = _time.GetUtcNow() + Break;
        await TellAsync(BreakerState.Open, until);

        await FailAsync();
        Assert.Empty(_server.Requests);
        await TellAsync(BreakerState.Closed, _time.GetUtcNow());

        Assert.Equal("Hi.", (await AskAsync()).Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Half_open_told_by_another_ends_the_wait_for_one_call_only(bool adopted)
    {
        await OpenAsync(adopted);
        _server.RespondWith(_ => ModelReply.Status(503));
        var before = _server.Requests.Count;
        _time.Advance(TimeSpan.FromSeconds(1));

        await TellAsync(BreakerState.HalfOpen, _time.GetUtcNow());
        await FailAsync();
        await FailAsync();

        Assert.Equal((before + 1, BreakerState.Open), (_server.Requests.Count, State));
    }

    [Fact]
    public async Task Success_elsewhere_closes_the_own_breaker_and_news_from_before_it_opened_do_not()
    {
        await OpenAsync(adopted: false);
        var before = _server.Requests.Count;
        _server.RespondWith(_ => ModelReply.Text("Hi."));

        await TellAsync(BreakerState.Closed, _time.GetUtcNow() - TimeSpan.FromSeconds(5));
        await FailAsync();
        Assert.Equal(before, _server.Requests.Count);
        await TellAsync(BreakerState.Closed, _time.GetUtcNow() + TimeSpan.FromSeconds(1));

        Assert.Equal("Hi.", (await AskAsync()).Text);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task Break_that_is_over_is_not_followed(int seconds)
    {
        _server.RespondWith(_ => ModelReply.Text("Hi."));

        await TellAsync(BreakerState.Open, _time.GetUtcNow() + TimeSpan.FromSeconds(seconds));

        Assert.Equal("Hi.", (await AskAsync()).Text);
    }

    [Fact]
    public async Task Break_told_by_a_clock_gone_wrong_ends_within_an_hour()
    {
        _server.RespondWith(_ => ModelReply.Text("Hi."));
        await TellAsync(BreakerState.Open, _time.GetUtcNow().AddYears(1));

        _time.Advance(TimeSpan.FromHours(1));

        Assert.Equal("Hi.", (await AskAsync()).Text);
    }

    [Fact]
    public async Task Streams_that_break_off_open_it_too()
    {
        _server.RespondWith(_ => ModelReply.Reset(ConnectionFault.EarlyEnd));

        // Each call asks twice, and each of these counts as begun and as broken.
        for (var call = 0; call < 3 && State is null; call++)
        {
            await Assert.ThrowsAsync<ProviderException>(
                () => _providers.Client("vllm:m").GetStreamingResponseAsync("Hello").ToChatResponseAsync());
        }

        Assert.Equal((BreakerState.Open, Code), (State!.Value, States.Find("vllm")!.Reason));
    }

    [Fact]
    public async Task Calls_do_not_queue_up_behind_those_that_hang_once_the_provider_is_left_alone()
    {
        await _providers.DisposeAsync();
        _providers = With("Providers__vllm__MaxConcurrency=1");
        var gate = new Gate();
        _server.RespondWith(_ => ModelReply.Hang(gate));
        var hanging = AskAsync();
        await gate.Reached;

        await TellAsync(BreakerState.Open, _time.GetUtcNow() + Break);
        await FailAsync();

        Assert.Single(_server.Requests);
        gate.Open();
        await hanging;
    }

    [Fact]
    public async Task Slow_prompts_of_one_user_open_the_users_own_breaker_and_nobody_elses()
    {
        for (var call = 0; call < 24; call++)
        {
            Assert.Contains((await TimeOutAsync("alice")).Code, new[] { ProviderException.Timeout, Code });
        }

        // Three are enough for the user's own; those after them were not even sent.
        Assert.Equal(3, _server.Requests.Count);
        Assert.Null(State);
        _server.RespondWith(_ => ModelReply.Text("Hi."));
        Assert.Equal("Hi.", (await AsAsync("bob", () => AskAsync())).Text);
        Assert.Equal(Code, (await AsAsync("alice", () => Assert.ThrowsAsync<ProviderException>(() => AskAsync()))).Code);

        _time.Advance(Break);
        Assert.Equal("Hi.", (await AsAsync("alice", () => AskAsync())).Text);
        Assert.Equal("Hi.", (await AsAsync("alice", () => AskAsync())).Text);
    }

    [Fact]
    public async Task Timeouts_of_several_users_open_it_for_everybody()
    {
        foreach (var user in new[] { "alice", "bob", "carol" })
        {
            Assert.Equal(ProviderException.Timeout, (await TimeOutAsync(user)).Code);
        }

        Assert.Equal((BreakerState.Open, ProviderException.Timeout), (State!.Value, States.Find("vllm")!.Reason));
        Assert.Equal(Code, (await AsAsync("dave", () => Assert.ThrowsAsync<ProviderException>(() => AskAsync()))).Code);
        Assert.Equal(3, _server.Requests.Count);
    }

    [Fact]
    public async Task Failures_of_one_user_that_no_prompt_causes_open_it_for_everybody()
    {
        _server.RespondWith(_ => ModelReply.Status(503));
        for (var failure = 0; failure < 3; failure++)
        {
            await AsAsync("alice", async () => { await FailAsync(); return true; });
        }

        Assert.Equal(BreakerState.Open, State);
    }

    [Fact]
    public async Task Stream_that_falls_silent_weighs_as_one_timeout_of_its_user()
    {
        var silent = new Gate();
        _server.RespondWith(_ => ModelReply.Text("This answer stops in the middle.") with { MidStreamGate = silent });
        for (var call = 0; call < 6; call++)
        {
            await AsAsync("alice", async () =>
            {
                var reading = Assert.ThrowsAsync<ProviderException>(
                    () => _providers.Client("vllm:m").GetStreamingResponseAsync("Hello").ToChatResponseAsync());
                while (!reading.IsCompleted)
                {
                    _time.Advance(TimeSpan.FromSeconds(1));
                    await Task.WhenAny(reading, Task.Delay(5));
                }

                return await reading;
            });
        }

        Assert.Null(State);
        _server.RespondWith(_ => ModelReply.Text("Hi."));
        Assert.Equal("Hi.", (await AsAsync("bob", () => AskAsync())).Text);
    }

    private static Task<T> AsAsync<T>(string user, Func<Task<T>> work) => ModelCaller.AsAsync(new ModelCaller($"t!{user}"), work);

    /// <summary>A call that ends because of the time that it takes.</summary>
    private Task<ProviderException> TimeOutAsync(string user) => AsAsync(user, async () =>
    {
        var gate = new Gate();
        _server.RespondWith(_ => ModelReply.Hang(gate));
        var asking = Assert.ThrowsAsync<ProviderException>(() => AskAsync());
        if (await Task.WhenAny(gate.Reached, asking) != asking)
        {
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        return await asking;
    });

    private TestProviders With(params string[] settings) => TestProviders.With(
        services => services.AddSingleton<TimeProvider>(_time),
        [
            $"Providers__vllm__Endpoint={_server.Endpoint}", "Providers__vllm__RetryAttempts=0", "Providers__vllm__BreakerFailures=3",
            "Providers__vllm__TimeoutSeconds=5",
            .. settings,
        ]);

    private async Task OpenAsync(bool adopted)
    {
        if (adopted)
        {
            await TellAsync(BreakerState.Open, _time.GetUtcNow() + Break);
            return;
        }

        _server.RespondWith(_ => ModelReply.Status(503));
        for (var failure = 0; failure < 3; failure++)
        {
            await FailAsync();
        }

        Assert.Equal((BreakerState.Open, Code), (State!.Value, States.Find("vllm")!.Reason));
    }

    private ValueTask TellAsync(BreakerState state, DateTimeOffset until) => Breaker.FollowAsync(
        new ProviderState("vllm", state, state == BreakerState.Closed ? until : _time.GetUtcNow(), until, "another", Code));

    private async Task FailAsync() => Assert.Equal(Code, (await Assert.ThrowsAsync<ProviderException>(() => AskAsync())).Code);

    private Task<ChatResponse> AskAsync() => _providers.Client("vllm:m").GetResponseAsync("Hello");
}
