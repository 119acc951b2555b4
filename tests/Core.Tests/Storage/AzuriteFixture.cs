using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Fixtures;
using Yggdrasil.LocalHost.Azurite;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Security;

namespace Yggdrasil.Tests.Storage;

/// <summary>A real Azurite for every test that needs storage; tests keep apart by their owners.</summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-core-").FullName;
    private readonly string _key = TestKeys.New();
    private AzuriteProcess? _azurite;

    public string ConnectionString => _azurite!.ConnectionString;

    public async Task InitializeAsync() => _azurite = await AzuriteProcess.StartAsync(_data, Checkout.PathOf("tools", "azurite"));

    public async Task DisposeAsync()
    {
        await _azurite!.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    /// <summary>What all clients protect content with, unless they bring their own.</summary>
    internal ContentProtector Protector() => new(TestKeys.Ring(_key));

    /// <summary>Clients of the account, and the number of table requests they have made.</summary>
    internal (StorageClients Storage, ContentVault Vault, RequestCount Requests) Connect(
        ContentProtector? protector = null, ILogger<ContentVault>? logger = null, HttpPipelinePolicy? policy = null)
    {
        var requests = new RequestCount();
        var options = new TableClientOptions();
        options.AddPolicy(requests, HttpPipelinePosition.PerRetry);
        if (policy is not null)
        {
            options.AddPolicy(policy, HttpPipelinePosition.PerRetry);
        }

        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { [StorageClients.Setting] = ConnectionString })
            .Build();
        var storage = new StorageClients(configuration, options);
        protector ??= Protector();
        return (storage, new ContentVault(storage, protector, logger ?? NullLogger<ContentVault>.Instance), requests);
    }
}

/// <summary>Counts requests as they go out, retries included.</summary>
internal sealed class RequestCount : HttpPipelineSynchronousPolicy
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Called while a transaction is on its way.</summary>
    public Action OnTransaction { get; set; } = () => { };

    /// <summary>Called before each request; what it throws is what the caller gets.</summary>
    public Action OnRequest { get; set; } = () => { };

    public override void OnSendingRequest(HttpMessage message)
    {
        Interlocked.Increment(ref _count);
        OnRequest();
        if (message.Request.Uri.Path.EndsWith("$batch", StringComparison.Ordinal))
        {
            OnTransaction();
        }
    }
}

// Sweeps and timers take the rows of all owners, so the tests that share an Azurite run one after the other; collections run side by side.

/// <summary>The Azurite of what belongs to none of the others.</summary>
[CollectionDefinition(Name)]
public sealed class SharedAzurite : ICollectionFixture<AzuriteFixture>
{
    public const string Name = "azurite";
}

/// <summary>The Azurite of runs.</summary>
[CollectionDefinition(Name)]
public sealed class RunsAzurite : ICollectionFixture<AzuriteFixture>
{
    public const string Name = "azurite of runs";
}

/// <summary>The Azurite of conversations and of what starts runs: batches, prompts, schedules.</summary>
[CollectionDefinition(Name)]
public sealed class WorkAzurite : ICollectionFixture<AzuriteFixture>
{
    public const string Name = "azurite of work";
}
