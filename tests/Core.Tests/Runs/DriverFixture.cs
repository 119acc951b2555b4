using Azure.Core.Pipeline;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Agents;
using Yggdrasil.Fixtures;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authentication;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Limits;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Models.Clients;
using Yggdrasil.Operations.Retention;
using Yggdrasil.Operations.UserData;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;
using Yggdrasil.Tests.Batches;
using Yggdrasil.Tests.Limits;
using Yggdrasil.Tests.Notifications.Callbacks;
using Yggdrasil.Tests.Providers.Cache;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;
using Yggdrasil.Tests.Users;
using Yggdrasil.Users;
using Yggdrasil.Work.Prompts;
using Yggdrasil.Work.Schedules;

namespace Yggdrasil.Tests.Runs;

/// <summary>A worker: its own driver over shared storage. Two of them are two instances of the app.</summary>
internal sealed class DriverFixture
{
    public DriverFixture(
        AzuriteFixture azurite, IModelClients models, TestTools tools, Owner owner, RunOptions? options = null, TimeProvider? time = null,
        ILogger<ContentVault>? alerts = null, RunSignals? signals = null, HttpPipelinePolicy? policy = null,
        RetentionOptions? retention = null, LimitOptions? limits = null, IEnumerable<INoticeDelivery>? deliveries = null,
        IEnumerable<IRunCompanion>? companions = null, TimeSpan? toolTimeout = null,
        RecordingScheduler? scheduler = null)
    {
        var (storage, vault, requests) = azurite.Connect(logger: alerts, policy: policy);
        Signals = signals ?? new RunSignals();
        Options = options ?? new RunOptions();
        Time = time ?? TimeProvider.System;
        (Requests, Owner) = (requests, owner);
        Scheduler = scheduler ?? new RecordingScheduler();
        var gates = new ToolGates(tools.Catalog(toolTimeout), new ToolArguments());
        var index = new ApprovalIndex(storage, Time);
        var toolStep = LoopFixture.CreateToolStep(gates, Options, Time, index, Approvals, ClientTools);
        var conversations = new ConversationStore(storage);
        var memory = new ConversationMemory(conversations);
        var log = new ConversationLog(storage, vault);
        var histories = new HistoryCache();
        ConversationQueue = new ConversationQueue(conversations, memory, log, histories);
        var (rows, due) = (new RowRemoval(storage, vault), new DueStore(storage, TestUnknown.Values));
        Quotas = new TestQuotas(storage, gates, limits ?? new LimitOptions(), Time);
        IRunCompanion conversation = new ConversationCompanion(memory, new ConversationStarts(memory, Time), log, histories, Time);
        Keys = new ApiKeyParts(storage, vault, due, Time);
        Lost = new LostStarts(due, Time, NullLogger<LostStarts>.Instance);
        var deltas = new DeltaLog(storage, azurite.Protector(), NullLogger<DeltaLog>.Instance);
        Streams = new RunStreams(deltas, Time, NullLogger<RunStreams>.Instance);
        Store = new RunStore(
            storage, vault, TestContention.Retries,
            [conversation, .. companions ?? [], .. retention is null ? Array.Empty<IRunCompanion>() : [new RetentionCompanion(due, retention, Time)]],
            Quotas.Companion, Streams, Lost);
        Callbacks = new CallbackParts(storage, vault, Time, Scheduler);
        Endings = new RunEndings(Store, deliveries ?? [Callbacks.Delivery], Scheduler, TestUnknown.Values);
        Overdue = new OverdueRuns(Store, () => Endings, TestContention.Retries, Time);
        Recovery = new StartRecovery(Store, Overdue, Scheduler, Time);
        Lists = new RunList(storage, vault, Store);
        Events = new RunEvents(new RunFeeds(Store, Streams, deltas, Time, NullLogger<RunFeeds>.Instance), Store, new EventReaders(new LimitOptions()), Time);
        var runs = new RunRemoval(storage, vault, rows, index, due, Scheduler, Time);
        Runs = runs;
        Removal = new ConversationRemoval(storage, conversations, memory, runs, rows, due, Overdue, TestContention.Retries, Time);
        Poison = new PoisonStore(storage, vault, rows, due, retention ?? new RetentionOptions());
        Batches = new BatchParts(storage, vault, runs, due, Scheduler, Time);
        var agents = new AgentStore(storage, vault, new KnownAgents(Time));
        Agents = (agents, new AgentShareStore(storage, agents, TestContention.Retries));
        UserData = new UserDataRemoval(
            storage, agents, Agents.Shares, rows, runs, Poison, Batches.Removal, index, due, new ScheduleCalendar(storage, TestUnknown.Values),
            TestCaches.Table(storage), Quotas.Ledger, Keys.Store, Time, NullLogger<UserDataRemoval>.Instance);
        Export = new UserExport(
            storage, agents, new ConversationMetadata(storage, vault), log, Store, Poison, new BatchExport(Batches.Items), new ScheduleStore(storage, vault),
            new CallbackSecrets(storage, vault, TestContention.Retries, Time), Keys.Store);
        var kept = retention ?? new RetentionOptions();
        Retention = new RetentionSweep(
            due, new ExpirySweep(storage, runs, conversations, Removal, Batches.Store, Batches.Removal, kept, Time),
            runs, conversations, Removal, Batches.Removal, Poison, UserData,
            new BlobSweep(storage, vault, Time, NullLogger<BlobSweep>.Instance), Quotas.Ledger,
            Recovery, Scheduler, Keys.Store, kept, Time, NullLogger<RetentionSweep>.Instance);
        Vault = vault;
        Conversations = new ConversationService(conversations, log, Removal, Store);
        Loop = LoopFixture.CreateLoop(models, gates, toolStep, Time);
        Disabled = new DisabledUsers(Microsoft.Extensions.Options.Options.Create(new AuthOptions()), Quotas.Users, Keys.Authentication);
        Leases = new LeaseDriver(Store, ConversationQueue, Loop, Signals, Disabled, Options, Scheduler, Time, NullLogger<LeaseDriver>.Instance);
        Driver = new RunDriver(
            Store, ConversationQueue, Leases, toolStep, Signals, Disabled, Options, Time, NullLogger<RunDriver>.Instance);
        Lifetime = new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance);
        Activities = new ActivitySlots(ActivityOptions, Time, NullLogger<FairQueue>.Instance);
        Slices = new RunSlices(Driver, Store, Activities, Disabled, Scheduler, Time);
        Backups = new RunBackups(storage, Store, Endings, Recovery, Options, Time, NullLogger<RunBackups>.Instance);
        RequestDriven = new RequestDrivenRuns(Leases, Backups, Endings, Store, Activities, Options, Lifetime, Time, NullLogger<RequestDrivenRuns>.Instance);
        Storage = storage;
        WakeUp = new RunWakeUp(Signals, Scheduler, NullLogger<RunWakeUp>.Instance);
        Control = new RunControl(Store, runs, WakeUp, Overdue, TestContention.Retries, Time);
        Answers = new ClientToolService(Store, WakeUp, TestContention.Retries, Time, NullLogger<ClientToolService>.Instance);
        Decisions = new ApprovalService(Store, index, gates, WakeUp, TestContention.Retries, Time, NullLogger<ApprovalService>.Instance);
    }

    public TestQuotas Quotas { get; }

    internal ApiKeyParts Keys { get; }

    public RunSignals Signals { get; }

    public LostStarts Lost { get; }

    public OverdueRuns Overdue { get; }

    public StartRecovery Recovery { get; }

    public RunBackups Backups { get; }

    public RunWakeUp WakeUp { get; }

    public RunControl Control { get; }

    public ApprovalService Decisions { get; }

    public ApprovalOptions Approvals { get; } = new();

    public ClientToolService Answers { get; }

    public ClientToolOptions ClientTools { get; } = new();

    /// <summary>What the worker schedules, wakes and purges orchestrations with.</summary>
    public RecordingScheduler Scheduler { get; }

    /// <summary>The scope of the runs' owner.</summary>
    public Scope Scope => AccessPolicy.ScopeOf(new Caller(Owner, new HashSet<string>()), userId: null);

    public RunOptions Options { get; }

    public TimeProvider Time { get; }

    public Owner Owner { get; }

    public RequestCount Requests { get; }

    public StorageClients Storage { get; }

    public RunStore Store { get; }

    public RunList Lists { get; }

    public RunStreams Streams { get; }

    public RunEvents Events { get; }

    public ConversationQueue ConversationQueue { get; }

    public ConversationService Conversations { get; }

    public RunRemoval Runs { get; }

    public ConversationRemoval Removal { get; }

    public (AgentStore Store, AgentShareStore Shares) Agents { get; }

    public PoisonStore Poison { get; }

    public BatchParts Batches { get; }

    public UserDataRemoval UserData { get; }

    public UserExport Export { get; }

    public RetentionSweep Retention { get; }

    public ContentVault Vault { get; }

    public AgentLoop Loop { get; }

    public LeaseDriver Leases { get; }

    public RunDriver Driver { get; }

    public ActivityOptions ActivityOptions { get; } = new();

    public ActivitySlots Activities { get; }

    public DisabledUsers Disabled { get; }

    public RunSlices Slices { get; }

    public CallbackParts Callbacks { get; }

    public RunEndings Endings { get; }

    public RequestDrivenRuns RequestDriven { get; }

    public ApplicationLifetime Lifetime { get; }

    public AgentDefinition Agent { get; set; } = new() { Model = "scripted:one", Tools = ["echo", "post", "far"] };

    /// <summary>A new owner, so that no test sees another's rows.</summary>
    public static Owner NewOwner() => new("dev", $"user-{Guid.NewGuid():N}");

    public async Task<Run> StartAsync(Func<Run, Run>? change = null)
    {
        var run = LoopFixture.NewRun(Agent, Time.GetUtcNow()) with { Caller = new Caller(Owner, new HashSet<string>()) };
        var input = new JournalEntry { Kind = EntryKind.Input, StartedAt = run.CreatedAt, Messages = [new ChatMessage(ChatRole.User, "Hello")] };
        return await Store.StartAsync(change?.Invoke(run) ?? run, [input], CancellationToken.None) ?? throw new InvalidOperationException("It exists.");
    }

    /// <summary>Tables are created by their first use, and authentication has read what is known of the user: neither is part of a run's cost.</summary>
    public async Task WarmUpAsync()
    {
        await Storage.GetWorkTableAsync(CancellationToken.None);
        await Quotas.Users.FindAsync(Owner, CancellationToken.None);
    }

    public Task<SliceOutcome> AdvanceAsync(Run run, CancellationToken stopping = default) => Driver.AdvanceAsync(Reference(run), run.Driver, stopping);

    /// <summary>Advances, as its orchestration would, until the run has ended.</summary>
    public async Task<Run> FinishAsync(Run run)
    {
        await Poll.UntilAsync(async () =>
        {
            var outcome = await AdvanceAsync(run);
            if (outcome.End == SliceEnd.Distributed)
            {
                await Task.WhenAll(outcome.CallIds!.Select(call => Driver.RunToolAsync(Reference(run), call, CancellationToken.None)));
            }

            return outcome.End == SliceEnd.Finished;
        });
        return (await LoadAsync(run)).Run;
    }

    public async Task<(Run Run, IReadOnlyList<JournalEntry> Entries)> LoadAsync(Run run) =>
        await Store.LoadAsync(Owner.Partition, run.Id, CancellationToken.None) ?? throw new InvalidOperationException("There is no such run.");

    public RunReference Reference(Run run) => new(Owner.Partition, run.Id);
}
