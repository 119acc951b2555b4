using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Identity;
using Yggdrasil.Operations.Reprotection;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Security;

namespace Yggdrasil.Tests.Storage.Reprotection;

/// <summary>An empty Work table, an old key and a new one, and content of every kind under either.</summary>
public sealed class ReprotectionFixture : IAsyncLifetime
{
    public const string Small = "a short answer";
    public static readonly string Large = new('x', 200_000);

    private readonly AzuriteFixture _azurite = new();
    private readonly string _oldKey = TestKeys.New();
    private readonly string _newKey = TestKeys.New();

    public Task InitializeAsync() => _azurite.InitializeAsync();

    public Task DisposeAsync() => _azurite.DisposeAsync();

    internal ContentProtector Old => new(TestKeys.Ring(_oldKey));

    internal ContentProtector Rotated => new(TestKeys.Ring(_newKey, _oldKey));

    internal ContentProtector New => new(TestKeys.Ring(_newKey));

    /// <summary>The app's own services under these keys.</summary>
    internal (RunStore Runs, StorageClients Storage, ContentVault Vault, RequestCount Requests, RecordedLog<ContentVault> Alerts) Connect(
        ContentProtector protector, HttpPipelinePolicy? policy = null)
    {
        var alerts = new RecordedLog<ContentVault>();
        var (storage, vault, requests) = _azurite.Connect(protector, alerts, policy);
        return (new RunStore(storage, vault, TestContention.Retries), storage, vault, requests, alerts);
    }

    /// <summary>One instance's timer, after the rotation.</summary>
    internal (ContentReprotection Timer, RecordedLog<ContentReprotection> Log) Timer(
        ReprotectionOptions? options = null, HttpPipelinePolicy? policy = null, ContentProtector? protector = null, TimeProvider? time = null)
    {
        protector ??= Rotated;
        var (_, storage, vault, _, _) = Connect(protector, policy);
        var log = new RecordedLog<ContentReprotection>();
        return (new ContentReprotection(storage, vault, protector, options ?? new(), time ?? TimeProvider.System, log), log);
    }

    internal async Task EmptyAsync()
    {
        var table = await Connect(Old).Storage.GetWorkTableAsync(CancellationToken.None);
        await foreach (var row in table.QueryAsync<TableEntity>(select: ["PartitionKey", "RowKey"]))
        {
            await table.DeleteEntityAsync(row);
        }
    }

    /// <summary>Forgets how far scans have come.</summary>
    internal async Task EmptyScanAsync()
    {
        var table = await Connect(Old).Storage.GetWorkTableAsync(CancellationToken.None);
        await table.DeleteEntityAsync(ReprotectionScan.Partition, ReprotectionScan.Row);
    }

    /// <summary>A finished run whose agent, input and output are large for odd <paramref name="number"/>s.</summary>
    internal async Task<Run> WriteRunAsync(int number, ContentProtector? protector = null)
    {
        var store = Connect(protector ?? Old).Runs;
        var text = number % 2 == 0 ? Small : Large;
        var agent = new AgentDefinition { Model = "scripted:one", Instructions = text };
        var run = LoopFixture.NewRun(agent, DateTimeOffset.UtcNow) with
        {
            Caller = new Caller(DriverFixture.NewOwner(), new HashSet<string>()),
            Metadata = new Dictionary<string, string> { ["ticket"] = Small },
        };
        var input = new JournalEntry { Kind = EntryKind.Input, StartedAt = run.CreatedAt, Messages = [new ChatMessage(ChatRole.User, text)] };
        var started = await store.StartAsync(run, [input], CancellationToken.None);
        var ended = RunEnd.With(started!, new JournalEntry { Kind = EntryKind.Model, Turn = 1 }, StopReason.Completed, text, DateTimeOffset.UtcNow).Run;
        return (await store.CommitAsync(ended, [], CancellationToken.None))!;
    }

    /// <summary>Fails unless the run is read whole with the new key alone.</summary>
    internal async Task AssertMovedAsync(Run run)
    {
        var (read, entries) = (await Connect(New).Runs.LoadAsync(run.Caller.Owner.Partition, run.Id, CancellationToken.None))!.Value;
        Assert.Equal(run.Output, read.Output);
        Assert.Equal(run.Agent.Instructions, read.Agent.Instructions);
        Assert.Equal(run.Metadata, read.Metadata);
        Assert.Equal(run.Output, Assert.Single(entries).Text());
    }

    internal async Task<List<string>> BlobsAsync(Run run)
    {
        var container = await Connect(Old).Storage.GetContentContainerAsync(CancellationToken.None);
        return await container.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, $"{run.Caller.Owner.Partition}/", CancellationToken.None)
            .Select(blob => $"{blob.Name}, for {blob.Metadata["row"]}").ToListAsync();
    }
}
