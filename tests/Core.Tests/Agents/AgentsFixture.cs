using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Agents;
using Yggdrasil.Agents.Configured;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Agents;

/// <summary>The agents of a tenant that no other test sees, and a storage that can crash under them.</summary>
internal sealed class AgentsFixture
{
    public static readonly AgentDefinition Definition = new() { Model = "scripted:one" };

    private readonly string _tenant = $"t{Guid.NewGuid():N}";

    public AgentsFixture(AzuriteFixture azurite)
    {
        var options = new TableClientOptions();
        options.AddPolicy(Requests, HttpPipelinePosition.PerRetry);
        options.AddPolicy(Crash, HttpPipelinePosition.PerCall);
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                [StorageClients.Setting] = azurite.ConnectionString,
                ["Agents:0:Id"] = "assistant",
                ["Agents:0:Model"] = "scripted:one",
            })
            .Build();
        Storage = new StorageClients(configuration, options);
        var store = new AgentStore(Storage, azurite.Connect().Vault, new KnownAgents(Time));
        Shares = new AgentShareStore(Storage, store, TestContention.Retries);
        var validator = new AgentValidator(new ScriptedModels(), new TestTools().Catalog(), new NotificationOptions());
        Service = new AgentService(store, Shares, new ConfiguredAgents([new SettingsAgents(configuration)], validator, TimeProvider.System), validator, TestContention.Retries, TimeProvider.System);
        Sharing = new AgentSharing(Service, Shares);
    }

    public FakeTimeProvider Time { get; } = new();

    public RequestCount Requests { get; } = new();

    public CrashPoint Crash { get; } = new();

    public StorageClients Storage { get; }

    public AgentShareStore Shares { get; }

    public AgentService Service { get; }

    public AgentSharing Sharing { get; }

    public Caller Caller(string user, params string[] roles) => new(new Owner(_tenant, user), roles.ToHashSet());

    public Scope Scope(string user) => AccessPolicy.ScopeOf(Caller(user), null);

    public string SharedId(string user, string agentId) => Ids.SharedAgent(Scope(user).Owner.Partition, agentId);

    public async Task<Agent> PutAsync(string user, string agentId) =>
        (await Service.PutAsync(Scope(user), agentId, Definition, new AgentPrecondition(), CancellationToken.None)).Agent;

    public Task ShareAsync(string owner, string agentId, string sharee) =>
        Sharing.ShareAsync(Scope(owner), agentId, sharee, CancellationToken.None);

    public Task UnshareAsync(string owner, string agentId, string sharee) =>
        Sharing.UnshareAsync(Scope(owner), agentId, sharee, CancellationToken.None);

    public Task DeleteAsync(string user, string agentId) =>
        Service.DeleteAsync(Scope(user), agentId, new AgentPrecondition(), CancellationToken.None);

    public async Task<bool> SeesAsync(string user, string agentId)
    {
        try
        {
            await Service.GetAsync(Scope(user), agentId, new AgentPrecondition(), CancellationToken.None);
            return true;
        }
        catch (NotFoundException)
        {
            return false;
        }
    }

    public async Task<List<string>> RowKeysAsync(string user)
    {
        var table = await Storage.GetWorkTableAsync(CancellationToken.None);
        return await table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {Scope(user).Owner.Partition}"))
            .Select(row => row.RowKey).ToListAsync();
    }

    public async Task WriteAsync(TableEntity row) =>
        await (await Storage.GetWorkTableAsync(CancellationToken.None)).UpsertEntityAsync(row, TableUpdateMode.Replace);
}

/// <summary>Ends a process before the storage request of a test's choice: that one and all later ones are not made.</summary>
internal sealed class CrashPoint : HttpPipelineSynchronousPolicy
{
    private int _left = int.MaxValue;

    /// <returns>Whether <paramref name="action"/> was through before the crash.</returns>
    public async Task<bool> DuringAsync(int requests, Func<Task> action)
    {
        Volatile.Write(ref _left, requests);
        try
        {
            await action();
            return true;
        }
        catch (CrashedException)
        {
            return false;
        }
        finally
        {
            Volatile.Write(ref _left, int.MaxValue);
        }
    }

    public override void OnSendingRequest(HttpMessage message)
    {
        if (Volatile.Read(ref _left) < int.MaxValue && Interlocked.Decrement(ref _left) < 0)
        {
            throw new CrashedException();
        }
    }

    private sealed class CrashedException : Exception;
}
