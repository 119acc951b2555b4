using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Agents;
using Yggdrasil.Runs;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Security;
using Yggdrasil.Security.Authorization;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Runs;

/// <summary>A worker: its own driver over shared storage. Two of them are two instances of the app.</summary>
internal sealed class DriverFixture
{
    public DriverFixture(
        AzuriteFixture azurite, ScriptedModels models, TestTools tools, Owner owner, RunOptions? options = null, TimeProvider? time = null,
        ILogger<ContentVault>? alerts = null, RunSignals? signals = null)
    {
        var (storage, vault, requests) = azurite.Connect(logger: alerts);
        Signals = signals ?? new RunSignals();
        Options = options ?? new RunOptions();
        Time = time ?? TimeProvider.System;
        (Requests, Owner) = (requests, owner);
        var gates = new ToolGates(tools.Catalog(), new ToolArguments());
        var index = new ApprovalIndex(storage, Time);
        var toolStep = LoopFixture.CreateToolStep(gates, Options, Time, index, Approvals);
        Store = new RunStore(storage, vault);
        Driver = new RunDriver(
            Store, new AgentLoop(new ModelStep(models, gates, Time), toolStep, Time), toolStep, Signals, Options, Time, NullLogger<RunDriver>.Instance);
        Lifetime = new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance);
        RequestDriven = new RequestDrivenRuns(Driver, Store, Options, Lifetime, Time, NullLogger<RequestDrivenRuns>.Instance);
        Storage = storage;
        var wakeUp = new RunWakeUp(Signals, NullLogger<RunWakeUp>.Instance);
        Control = new RunControl(Store, new RunRemoval(storage, vault, index, Time), wakeUp, Time);
        Decisions = new ApprovalService(Store, index, gates, wakeUp, Time, NullLogger<ApprovalService>.Instance);
    }

    public RunSignals Signals { get; }

    public RunControl Control { get; }

    public ApprovalService Decisions { get; }

    public ApprovalOptions Approvals { get; } = new();

    public RecordingScheduler Scheduler { get; } = new();

    /// <summary>The scope of the runs' owner.</summary>
    public Scope Scope => AccessPolicy.ScopeOf(new Caller(Owner, new HashSet<string>()), userId: null);

    public RunOptions Options { get; }

    public TimeProvider Time { get; }

    public Owner Owner { get; }

    public RequestCount Requests { get; }

    public StorageClients Storage { get; }

    public RunStore Store { get; }

    public RunDriver Driver { get; }

    public RequestDrivenRuns RequestDriven { get; }

    public ApplicationLifetime Lifetime { get; }

    public AgentDefinition Agent { get; set; } = new() { Model = "scripted:one", Tools = ["echo", "post", "far"] };

    /// <summary>A new owner, so that no test sees another's rows.</summary>
    public static Owner NewOwner() => new("dev", $"user-{Guid.NewGuid():N}");

    public async Task<Run> StartAsync(Func<Run, Run>? change = null)
    {
        var run = LoopFixture.NewRun(Agent, Time.GetUtcNow()) with { Caller = new Caller(Owner, new HashSet<string>()) };
        var input = new JournalEntry { Kind = EntryKind.Input, StartedAt = run.CreatedAt, Messages = [new ChatMessage(ChatRole.User, "Hello")] };
        return await Store.StartAsync(change?.Invoke(run) ?? run, input, CancellationToken.None) ?? throw new InvalidOperationException("It exists.");
    }

    public Task<SliceOutcome> AdvanceAsync(Run run, CancellationToken stopping = default) => Driver.AdvanceAsync(Ticket(run), run.Driver, stopping);

    /// <summary>Advances, as its orchestration would, until the run has ended.</summary>
    public async Task<Run> FinishAsync(Run run)
    {
        while (true)
        {
            var outcome = await AdvanceAsync(run);
            switch (outcome.End)
            {
                case SliceEnd.Finished:
                    return (await LoadAsync(run)).Run;
                case SliceEnd.Parked:
                    await Task.Delay(TimeSpan.FromMilliseconds(100));
                    break;
                case SliceEnd.Distributed:
                    await Task.WhenAll(outcome.CallIds!.Select(call => Driver.RunToolAsync(Ticket(run), call, CancellationToken.None)));
                    break;
            }
        }
    }

    public async Task<(Run Run, IReadOnlyList<JournalEntry> Entries)> LoadAsync(Run run) =>
        await Store.LoadAsync(Owner.Partition, run.Id, CancellationToken.None) ?? throw new InvalidOperationException("There is no such run.");

    public RunTicket Ticket(Run run) => new(Owner.Partition, run.Id);
}

/// <summary>Remembers what was scheduled and woken.</summary>
internal sealed class RecordingScheduler : IRunScheduler
{
    /// <summary>What an orchestration does that begins before its scheduling has returned.</summary>
    public Func<string, RunTicket, Task> OnScheduled { get; set; } = (_, _) => Task.CompletedTask;

    public ConcurrentQueue<string> Woken { get; } = new();

    public ConcurrentQueue<(string InstanceId, DateTimeOffset? StartAt)> Scheduled { get; } = new();

    public Task ScheduleAsync(string instanceId, RunTicket run, DateTimeOffset? startAt, CancellationToken cancellationToken)
    {
        Scheduled.Enqueue((instanceId, startAt));
        return OnScheduled(instanceId, run);
    }

    public Task WakeAsync(string instanceId, CancellationToken cancellationToken)
    {
        Woken.Enqueue(instanceId);
        return Task.CompletedTask;
    }

    /// <summary>Instances that have not ended, and so cannot be purged.</summary>
    public HashSet<string> Unended { get; } = [];

    public ConcurrentQueue<string> Purged { get; } = new();

    public Task<bool> PurgeAsync(string instanceId, CancellationToken cancellationToken)
    {
        Purged.Enqueue(instanceId);
        return Task.FromResult(!Unended.Contains(instanceId));
    }
}
