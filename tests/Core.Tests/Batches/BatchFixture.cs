using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Agents;
using Yggdrasil.Agents.Configured;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage.Due;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Tests.Batches;

/// <summary>An instance of the app that drives batches; two of them share storage and owner.</summary>
internal sealed class BatchFixture
{
    public BatchFixture(AzuriteFixture azurite, ScriptedModels models, Owner owner, TimeProvider? time = null)
    {
        var tools = new TestTools();
        Worker = new DriverFixture(azurite, models, tools, owner, new RunOptions { LeaseSeconds = 10 }, time, policy: Hook);
        var (store, items, ledger) = (Worker.Batches.Store, Worker.Batches.Items, Worker.Batches.Ledger);
        Driver = new BatchDriver(
            store,
            items,
            ledger,
            new BatchItemRuns(
                Worker.Store, Worker.Driver, Worker.Leases, items, Worker.Options, Worker.Scheduler, Worker.Time, ItemLog),
            new BatchRecheck(items, ledger, Worker.Store, Worker.Time),
            new BatchCancellation(items, ledger, Worker.Store, Worker.Scheduler),
            new BatchSlots(Options, Worker.Time, NullLogger<FairQueue>.Instance),
            Worker.Activities,
            Worker.Disabled,
            new CallbackOutbox(Worker.Callbacks.Store, Worker.Scheduler, Worker.Time),
            Worker.Scheduler,
            Options,
            Worker.Time,
            NullLogger<BatchDriver>.Instance);
        Delivery = new BatchItemDelivery(store, ledger, Worker.Scheduler);
        var validator = new AgentValidator(models, tools.Catalog(), new NotificationOptions());
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Agents:0:Id"] = "assistant", ["Agents:0:Model"] = "scripted:one" })
            .Build();
        var due = new DueStore(Worker.Storage, TestUnknown.Values);
        var acceptance = new BatchAcceptance(
            new AgentService(
                Worker.Agents.Store, Worker.Agents.Shares, new ConfiguredAgents([new SettingsAgents(configuration)], validator, Worker.Time), validator, TestContention.Retries, Worker.Time),
            store,
            items,
            Worker.Batches.Removal,
            Worker.Callbacks.Rules,
            new RetentionCompanion(due, new RetentionOptions(), Worker.Time),
            due,
            Worker.Scheduler,
            TestContention.Retries,
            Worker.Time,
            NullLogger<BatchAcceptance>.Instance);
        Service = new BatchService(acceptance, store, items, Worker.Batches.Removal, Worker.Lists, Worker.Scheduler, TestContention.Retries, Worker.Time);
    }

    public BatchOptions Options { get; } = new() { ItemsAtOnce = 4 };

    public DriverFixture Worker { get; }

    public BatchDriver Driver { get; }

    public BatchItemDelivery Delivery { get; }

    public BatchService Service { get; }

    public RecordingScheduler Scheduler => Worker.Scheduler;

    /// <summary>What happens around the instance's requests to tables.</summary>
    public RequestHook Hook { get; } = new();

    public RecordedLog<BatchItemRuns> ItemLog { get; } = new();

    public Caller Caller => new(Worker.Owner, new HashSet<string>());

    /// <summary>A batch as it is once it was accepted.</summary>
    /// <param name="id">One that exists, to have it begin anew with nothing counted.</param>
    public async Task<Batch> AcceptAsync(int count, string? id = null, string? callbackUrl = null)
    {
        var batch = new Batch
        {
            Id = id ?? Ids.Batch(Worker.Owner.Partition, null),
            Caller = Caller,
            Upload = Ids.NewUnique(),
            CreatedAt = Worker.Time.GetUtcNow(),
            Status = BatchStatus.Running,
            CallbackUrl = callbackUrl,
            Agent = new AgentSnapshot("helper", 1, "key", Worker.Agent),
        };
        var items = Enumerable.Range(0, count).Select(i => new NewBatchItem($"row-{i}", [new ChatMessage(ChatRole.User, $"Question {i}")])).ToList();
        foreach (var (index, some) in items.Chunk(BatchItemStore.MaxPerCommit).Index())
        {
            await Worker.Batches.Items.AddAsync(batch.Items, index * BatchItemStore.MaxPerCommit, some, CancellationToken.None);
        }

        await Worker.Batches.Items.AddHeadAsync(batch.Items, new BatchHead { Total = count }, CancellationToken.None);
        return id is not null && await Worker.Batches.Store.FindAsync(Worker.Owner.Partition, id, CancellationToken.None) is { } before
            ? (await Worker.Batches.Store.ReplaceAsync(batch with { ETag = before.ETag }, CancellationToken.None))!
            : (await Worker.Batches.Store.AddAsync(batch, CancellationToken.None))!;
    }

    public Task<BatchOutcome> AdvanceAsync(Batch batch, CancellationToken stopping = default) =>
        Driver.AdvanceAsync(batch.Reference, stopping);

    /// <summary>Advances, as its orchestration would, until the batch has ended.</summary>
    public async Task FinishAsync(Batch batch)
    {
        await Poll.UntilAsync(async () => (await AdvanceAsync(batch)).End == BatchSliceEnd.Finished);
    }

    public async Task<(Batch Batch, BatchHead Head)> ReadAsync(Batch batch) => (
        (await Worker.Batches.Store.FindAsync(Worker.Owner.Partition, batch.Id, CancellationToken.None))!,
        (await Worker.Batches.Items.FindHeadAsync(batch.Items, CancellationToken.None))!);
}
