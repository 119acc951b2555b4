using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Models;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.State;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Providers.State;

/// <summary>Instances that share a storage account and a provider that fails.</summary>
[Collection(SharedAzurite.Name)]
public sealed class ProviderStateSyncTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(10);

    // The table is shared, and a state belongs to a name.
    private readonly string _provider = $"p{Guid.NewGuid():N}";
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly List<IAsyncDisposable> _instances = [];
    private ScriptedModelServer _server = null!;

    public async Task InitializeAsync() => _server = await ScriptedModelServer.StartAsync();

    public async Task DisposeAsync()
    {
        foreach (var instance in _instances)
        {
            await instance.DisposeAsync();
        }

        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Breaker_that_opens_here_is_open_elsewhere_within_10_seconds_without_a_failure_and_closes_again()
    {
        var (here, there) = (Instance(), Instance());
        await Task.WhenAll(here.StartAsync(), there.StartAsync());
        await OpenAsync(here);
        await PassAsync(Promise, () => there.Knows(_provider, BreakerState.Open));
        var calls = _server.Requests.Count;

        await Assert.ThrowsAsync<ProviderException>(() => AskAsync(there));
        Assert.Equal(calls, _server.Requests.Count);

        _server.RespondWith(_ => ModelReply.Text("Back."));
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal("Back.", (await AskAsync(here)).Text);
        await PassAsync(Promise, () => there.Knows(_provider, BreakerState.Closed));
        Assert.Equal("Back.", (await AskAsync(there)).Text);
    }

    [Fact]
    public async Task Instance_that_starts_later_follows_too()
    {
        var here = Instance();
        await OpenAsync(here);
        await here.Sync.TellAsync(CancellationToken.None);

        var late = Instance();
        await late.Sync.LearnAsync(CancellationToken.None);

        var calls = _server.Requests.Count;
        await Assert.ThrowsAsync<ProviderException>(() => AskAsync(late));
        Assert.Equal(calls, _server.Requests.Count);
    }

    [Fact]
    public async Task Old_row_does_not_open_a_breaker_again_that_closed_since()
    {
        var (here, there) = (Instance(), Instance());
        await OpenAsync(here);
        await here.Sync.TellAsync(CancellationToken.None);
        await there.Sync.LearnAsync(CancellationToken.None);
        _server.RespondWith(_ => ModelReply.Text("Back."));
        await there.Breaker(_provider).FollowAsync(there.Known(_provider)! with { Breaker = BreakerState.HalfOpen, Until = _time.GetUtcNow() });
        await AskAsync(there);

        there.Storage.IsDown = true;
        await Assert.ThrowsAnyAsync<Exception>(() => there.Sync.LearnAsync(CancellationToken.None));
        there.Storage.IsDown = false;
        await there.Sync.LearnAsync(CancellationToken.None);

        Assert.True(there.Knows(_provider, BreakerState.Closed));
        Assert.Equal("Back.", (await AskAsync(there)).Text);
        await here.Sync.LearnAsync(CancellationToken.None);
        Assert.True(here.Knows(_provider, BreakerState.Closed));
    }

    [Fact]
    public async Task Outage_of_storage_affects_no_call_is_logged_once_and_is_made_up_for()
    {
        var (here, there) = (Instance(), Instance());
        here.Storage.IsDown = true;
        await here.StartAsync();
        await OpenAsync(here);
        await PassAsync(TimeSpan.FromMinutes(1), () => here.Storage.Refused >= 3);
        Assert.Equal(1, here.Log.EventIds.Count(id => id == 6020));

        here.Storage.IsDown = false;
        await PassAsync(Promise, () => here.Log.EventIds.Contains(6021));
        await there.Sync.LearnAsync(CancellationToken.None);

        Assert.True(there.Knows(_provider, BreakerState.Open));
    }

    [Fact]
    public async Task Asking_for_all_providers_takes_one_request()
    {
        var here = Instance();
        await here.Sync.LearnAsync(CancellationToken.None);
        var before = here.Storage.Requests;

        await here.Sync.LearnAsync(CancellationToken.None);

        Assert.Equal(before + 1, here.Storage.Requests);
    }

    [Fact]
    public async Task Row_of_a_later_version_is_left_alone()
    {
        var here = Instance();
        var table = await here.Storage.Clients.GetProvidersTableAsync(CancellationToken.None);
        await table.UpsertEntityAsync(new TableEntity("provider", _provider) { ["Schema"] = 2, ["State"] = "Melting", ["Heat"] = 451 });

        await here.Sync.LearnAsync(CancellationToken.None);

        Assert.Null(here.Known(_provider));
    }

    [Fact]
    public async Task Probe_ends_the_wait_then_closes_what_nobody_asked_for_since()
    {
        var here = Instance();
        await OpenAsync(here);
        await here.Sync.TellAsync(CancellationToken.None);
        var completions = _server.Requests.Count;
        _time.Advance(TimeSpan.FromSeconds(1));

        await here.Probing.RunAsync(CancellationToken.None);
        await here.Sync.LearnAsync(CancellationToken.None);
        Assert.True(here.Knows(_provider, BreakerState.HalfOpen));
        _time.Advance(TimeSpan.FromSeconds(1));
        await here.Probing.RunAsync(CancellationToken.None);
        await here.Sync.LearnAsync(CancellationToken.None);

        Assert.True(here.Knows(_provider, BreakerState.Closed));
        Assert.Equal(completions, _server.Requests.Count);
        _server.RespondWith(_ => ModelReply.Text("Back."));
        Assert.Equal("Back.", (await AskAsync(here)).Text);
    }

    [Fact]
    public async Task Probe_of_a_provider_that_does_not_answer_changes_nothing()
    {
        var here = Instance();
        await OpenAsync(here);
        await here.Sync.TellAsync(CancellationToken.None);
        await _server.DisposeAsync();
        _server = await ScriptedModelServer.StartAsync();

        await here.Probing.RunAsync(CancellationToken.None);
        await here.Sync.LearnAsync(CancellationToken.None);

        Assert.True(here.Knows(_provider, BreakerState.Open));
    }

    private AppInstance Instance()
    {
        var instance = new AppInstance(azurite, _provider, _server.Endpoint, _time);
        _instances.Add(instance);
        return instance;
    }

    /// <summary>Lets at most this much time pass, until something has become true.</summary>
    private async Task PassAsync(TimeSpan atMost, Func<bool> condition)
    {
        // Each second is followed by real time, for real storage to answer in.
        for (var passed = TimeSpan.Zero; passed < atMost; passed += TimeSpan.FromSeconds(1))
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            for (var poll = 0; poll < 50; poll++)
            {
                if (condition())
                {
                    return;
                }

                await Task.Delay(10);
            }
        }

        // All that may pass has passed; storage may take longer to answer on a machine that is busy.
        await Poll.UntilAsync(condition);
    }

    private async Task OpenAsync(AppInstance instance)
    {
        _server.RespondWith(_ => ModelReply.Status(503));
        for (var call = 0; call < 2; call++)
        {
            await Assert.ThrowsAsync<ProviderException>(() => AskAsync(instance));
        }

        Assert.True(instance.Knows(_provider, BreakerState.Open));
    }

    private Task<ChatResponse> AskAsync(AppInstance instance) => instance.Providers.Client($"{_provider}:m").GetResponseAsync("Hello");

    /// <summary>One process of the app, as far as providers go.</summary>
    private sealed class AppInstance : IAsyncDisposable
    {
        public AppInstance(AzuriteFixture azurite, string provider, string endpoint, TimeProvider time)
        {
            Storage = new FragileStorage(azurite);
            Providers = TestProviders.With(
                services => services
                    .AddSingleton(time)
                    .AddSingleton(Storage.Clients)
                    .AddSingleton<ILogger<ProviderStateSync>>(Log)
                    .AddSharedProviderStates(),
                $"Providers__{provider}__Type=openai-compatible",
                $"Providers__{provider}__Endpoint={endpoint}",
                $"Providers__{provider}__RetryAttempts=0",
                $"Providers__{provider}__BreakerFailures=2");
            Sync = Providers.Get<IEnumerable<Microsoft.Extensions.Hosting.IHostedService>>().OfType<ProviderStateSync>().Single();
        }

        public FragileStorage Storage { get; }

        public RecordedLog<ProviderStateSync> Log { get; } = new();

        public TestProviders Providers { get; }

        public ProviderStateSync Sync { get; }

        public ProviderProbing Probing => Providers.Get<ProviderProbing>();

        public Task StartAsync() => Sync.StartAsync(CancellationToken.None);

        public ProviderState? Known(string provider) => Providers.Get<ProviderStates>().Find(provider);

        public bool Knows(string provider, BreakerState state) => Known(provider)?.Breaker == state;

        public ProviderBreaker Breaker(string provider) => Providers.Get<ProviderBreakers>().Find(provider)!;

        public async ValueTask DisposeAsync()
        {
            await Sync.StopAsync(CancellationToken.None);
            await Providers.DisposeAsync();
        }
    }

    /// <summary>Real storage that can be cut off.</summary>
    private sealed class FragileStorage
    {
        private readonly RequestCount _requests;
        private volatile bool _isDown;
        private int _refused;

        public FragileStorage(AzuriteFixture azurite)
        {
            (Clients, _, _requests) = azurite.Connect();
            _requests.OnRequest = () =>
            {
                if (_isDown)
                {
                    Interlocked.Increment(ref _refused);
                    throw new InvalidOperationException("Storage is down.");
                }
            };
        }

        public StorageClients Clients { get; }

        public int Requests => _requests.Count;

        public int Refused => Volatile.Read(ref _refused);

        public bool IsDown
        {
            set => _isDown = value;
        }
    }
}
