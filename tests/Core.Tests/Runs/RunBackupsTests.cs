using Azure.Storage.Queues.Models;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Agents;
using Yggdrasil.Agents.Configured;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Notifications;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

/// <summary>A run that its request drives has a driver, at whichever step the process dies.</summary>
[Collection(SharedAzurite.Name)]
public sealed class RunBackupsTests(AzuriteFixture azurite)
{
    private readonly Owner _owner = DriverFixture.NewOwner();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly RecordedDelivery _told = new("test");

    [Fact]
    public async Task Waited_run_asks_nothing_of_the_orchestrations_backend()
    {
        var worker = Worker();
        var runs = await RunsAsync(worker);

        var run = await StartAsync(runs, worker, TimeSpan.FromSeconds(60));

        Assert.Equal("Done.", run.Output);
        Assert.Empty(worker.Scheduler.Scheduled);
        Assert.Empty(worker.Scheduler.Woken);
        Assert.Empty(worker.Scheduler.Callbacks);
        Assert.Empty(worker.Scheduler.Purged);
    }

    [Fact]
    public async Task Message_of_a_run_that_ended_in_its_request_is_taken_back()
    {
        var worker = Worker(Says("Done."));
        await worker.Backups.StartAsync(CancellationToken.None);
        var started = await StartDrivenAsync(worker);
        var before = await CountAsync(worker);
        var receipt = await worker.Backups.PutAsync(worker.Reference(started), CancellationToken.None);
        Assert.Equal(before + 1, await CountAsync(worker));

        await worker.RequestDriven.DriveAsync(started, [Input(started)], receipt, TimeSpan.FromSeconds(60), CancellationToken.None);

        await Poll.UntilAsync(() => CountAsync(worker).GetAwaiter().GetResult() == before);
        await worker.Backups.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Message_stays_where_who_waits_for_the_end_could_not_be_told()
    {
        var worker = Worker();
        await worker.Backups.StartAsync(CancellationToken.None);
        var started = await worker.StartAsync(run => Driven(worker, run) with { Notices = [new RunNotice("test", "somebody")] });
        var before = await CountAsync(worker);
        var (stays, goes) = (
            await worker.Backups.PutAsync(worker.Reference(started), CancellationToken.None), await worker.Backups.PutAsync(worker.Reference(started), CancellationToken.None));
        _told.Failures = 1;

        await worker.RequestDriven.DriveAsync(started, [Input(started)], stays, TimeSpan.FromSeconds(60), CancellationToken.None);

        worker.Backups.TakeBack(goes);
        await Poll.UntilAsync(() => CountAsync(worker).GetAwaiter().GetResult() == before + 1);
        await worker.Backups.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Message_of_a_start_that_never_came_looks_for_ten_minutes_and_schedules_nothing()
    {
        var worker = Worker();
        var (backup, looks) = (Backup("run_never"), 0);
        while (await worker.Backups.SeeToAsync(backup, CancellationToken.None) is { } again)
        {
            Assert.InRange(again, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(1));
            _time.Advance(again);
            looks++;
        }

        Assert.InRange(_time.GetUtcNow() - backup.Since, LateStarts.Patience, LateStarts.Patience + TimeSpan.FromMinutes(1));
        Assert.InRange(looks, 10, 30);
        Assert.Empty(worker.Scheduler.Scheduled);
    }

    [Fact]
    public async Task Start_that_storage_carries_out_nine_minutes_late_is_driven()
    {
        var worker = Worker();
        var late = Driven(worker, LoopFixture.NewRun(worker.Agent, _time.GetUtcNow()) with { Caller = new Caller(_owner, new HashSet<string>()) });
        var backup = Backup(late.Id);
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.NotNull(await worker.Backups.SeeToAsync(backup, CancellationToken.None));

        await worker.Store.StartAsync(late, [Input(late)], CancellationToken.None);

        await AssertDrivenAsync(worker, backup, late);
    }

    [Fact]
    public async Task Process_that_dies_while_it_drives_leaves_a_run_that_is_driven_when_its_lease_ends()
    {
        var worker = Worker();
        var run = await StartDrivenAsync(worker);
        var backup = Backup(run.Id);

        var again = await worker.Backups.SeeToAsync(backup, CancellationToken.None);

        Assert.Empty(worker.Scheduler.Scheduled);
        Assert.InRange(again!.Value, worker.Options.Lease, worker.Options.Lease + TimeSpan.FromSeconds(2));
        _time.Advance(again.Value);
        await AssertDrivenAsync(worker, backup, run);
    }

    [Fact]
    public async Task Message_that_is_delivered_twice_schedules_one_orchestration()
    {
        var worker = Worker();
        var run = await StartDrivenAsync(worker);
        _time.Advance(worker.Options.Lease);

        await worker.Backups.SeeToAsync(Backup(run.Id), CancellationToken.None);
        await worker.Backups.SeeToAsync(Backup(run.Id), CancellationToken.None);

        Assert.Single(worker.Scheduler.Scheduled.Distinct());
    }

    [Fact]
    public async Task Process_that_dies_before_who_waits_for_the_end_was_told_leaves_that_to_the_message()
    {
        var worker = Worker();
        var run = await worker.StartAsync(run => Driven(worker, run) with { Notices = [new RunNotice("test", "somebody")], LeaseUntil = DateTimeOffset.UnixEpoch });
        await worker.FinishAsync(run);
        Assert.Empty(_told.Told);

        Assert.Null(await worker.Backups.SeeToAsync(Backup(run.Id), CancellationToken.None));
        Assert.Null(await worker.Backups.SeeToAsync(Backup(run.Id), CancellationToken.None));

        Assert.Equal("somebody", Assert.Single(_told.Told).Target);
        Assert.Empty(worker.Scheduler.Scheduled);
    }

    [Fact]
    public async Task Message_whose_listener_cannot_be_told_looks_again()
    {
        var worker = Worker();
        var run = await worker.StartAsync(run => Driven(worker, run) with { Notices = [new RunNotice("test", "somebody")], LeaseUntil = DateTimeOffset.UnixEpoch });
        await worker.FinishAsync(run);
        _told.Failures = 1;

        await Assert.ThrowsAnyAsync<IOException>(() => worker.Backups.SeeToAsync(Backup(run.Id), CancellationToken.None));
        await worker.Backups.LookAsync(Backup(run.Id), CancellationToken.None);

        Assert.Single(_told.Told);
    }

    [Fact]
    public async Task Process_that_dies_between_the_successor_and_its_name_leaves_the_message_in_charge()
    {
        var worker = Worker();
        var run = await StartDrivenAsync(worker);
        _time.Advance(worker.Options.Lease + TimeSpan.FromSeconds(1));

        var successor = await worker.Driver.AdvanceAsync(worker.Reference(run), $"{run.Id}-2", CancellationToken.None);

        Assert.Equal(SliceEnd.Superseded, successor.End);
        await AssertDrivenAsync(worker, Backup(run.Id), run);
    }

    [Fact]
    public async Task Run_that_was_handed_over_and_is_being_driven_needs_no_message_any_more()
    {
        var worker = Worker();
        var run = await worker.StartAsync(run => Driven(worker, run) with { Driver = $"{run.Id}-2", Epoch = 2 });

        Assert.Null(await worker.Backups.SeeToAsync(Backup(run.Id), CancellationToken.None));
        Assert.Empty(worker.Scheduler.Scheduled);
    }

    [Fact]
    public async Task Message_whose_orchestration_cannot_be_scheduled_is_put_again_and_comes_up_again()
    {
        var worker = Worker();
        var run = await StartDrivenAsync(worker);
        _time.Advance(worker.Options.Lease + TimeSpan.FromSeconds(1));
        worker.Scheduler.OnScheduled = (_, _) => throw new StorageNotAnsweringException("Away.", TimeSpan.FromSeconds(5));

        await worker.Backups.LookAsync(Backup(run.Id), CancellationToken.None);
        worker.Scheduler.OnScheduled = (_, _) => Task.CompletedTask;
        var again = await ReceiveAsync(worker, run.Id);

        await AssertDrivenAsync(worker, again, run);
    }

    [Fact]
    public async Task Start_that_is_refused_as_it_is_committed_schedules_nothing_and_takes_its_message_back()
    {
        var other = Worker();
        var worker = Worker(new Companion(() => other.StartAsync(run => run with { ConversationId = "talk" })));
        var runs = await RunsAsync(worker);
        await worker.Backups.StartAsync(CancellationToken.None);
        var before = await CountAsync(worker);

        await Assert.ThrowsAsync<ConflictException>(
            () => StartAsync(runs, worker, TimeSpan.FromSeconds(60), request => request with { ConversationId = "talk" }));

        await Poll.UntilAsync(() => CountAsync(worker).GetAwaiter().GetResult() == before);
        Assert.Empty(worker.Scheduler.Scheduled);
        await worker.Backups.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Run_that_stands_behind_another_after_all_has_an_orchestration_at_once_which_can_be_woken()
    {
        var other = Worker();
        var worker = Worker(new Companion(() => other.StartAsync(run => run with { ConversationId = "talk" })));
        var runs = await RunsAsync(worker);

        var run = await StartAsync(runs, worker, wait: null, request => request with { ConversationId = "talk", OnConflict = OnConflict.Enqueue });

        Assert.True(run.IsEnqueued);
        Assert.Equal(($"{run.Id}-1", worker.Reference(run)), Assert.Single(worker.Scheduler.Scheduled));
        Assert.Contains(run.Driver, worker.Scheduler.Woken);
    }

    [Fact]
    public async Task Run_whose_events_are_read_is_driven_on_and_asks_nothing_of_the_orchestrations_backend()
    {
        var answer = new TaskCompletionSource<ChatResponse>();
        var worker = Worker(_ => answer.Task);
        var runs = await RunsAsync(worker);

        var run = await StartAsync(runs, worker, wait: null);
        Assert.False(run.IsTerminal);
        answer.SetResult(Response(new TextContent("Done.")));

        await Poll.UntilAsync(() => worker.LoadAsync(run).GetAwaiter().GetResult().Run.IsTerminal);
        Assert.Empty(worker.Scheduler.Scheduled);
    }

    [Fact]
    public async Task Orchestration_is_scheduled_while_what_is_to_be_written_is_made_ready()
    {
        var ready = new TaskCompletionSource();
        var companion = new Companion(() => { ready.TrySetResult(); return Task.CompletedTask; });
        var worker = Worker(companion);
        var runs = await RunsAsync(worker);
        worker.Scheduler.OnScheduled = (_, _) => ready.Task.WaitAsync(TimeSpan.FromSeconds(30));

        var run = await StartAsync(runs, worker, TimeSpan.Zero);

        Assert.Equal(run.Driver, Assert.Single(worker.Scheduler.Scheduled).InstanceId);
    }

    [Fact]
    public async Task Nothing_is_committed_before_the_run_has_a_driver()
    {
        var worker = Worker();
        var runs = await RunsAsync(worker);
        var seen = new List<bool>();
        worker.Scheduler.OnScheduled = async (_, run) =>
        {
            await Task.Delay(100);
            seen.Add(await worker.Store.FindAsync(run.Partition, run.RunId, CancellationToken.None) is not null);
        };

        await StartAsync(runs, worker, TimeSpan.Zero);

        Assert.Equal([false], seen);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"partition":"dev!a","runId":"","since":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"partition":5,"runId":"run_1","since":"2026-01-01T00:00:00Z"}""")]
    public void What_is_no_message_of_ours_is_told_apart(string body) => Assert.Null(RunBackup.TryParse(BinaryData.FromString(body)));

    [Fact]
    public void Message_says_what_it_said()
    {
        var backup = Backup("run_1");

        Assert.Equal(backup, RunBackup.TryParse(backup.ToBody()));
        Assert.Null(RunBackup.TryParse(BinaryData.FromString($$"""{"partition":"dev!a","runId":"{{new string('x', 10_000)}}","since":"2026-01-01T00:00:00Z"}""")));
    }

    private static async Task AssertDrivenAsync(DriverFixture worker, RunBackup backup, Run run)
    {
        Assert.Null(await worker.Backups.SeeToAsync(backup, CancellationToken.None));
        var (driver, reference) = worker.Scheduler.Scheduled.Last();
        var ended = await worker.FinishAsync(run with { Driver = driver });

        Assert.Equal((run.Id, "Done."), (reference.RunId, ended.Output));
    }

    private RunBackup Backup(string runId) => new(_owner.Partition, runId, _time.GetUtcNow());

    private Run Driven(DriverFixture worker, Run run) => run with
    {
        Status = RunStatus.Running, StartedAt = _time.GetUtcNow(), Epoch = 1, Driver = $"{run.Id}-1", LeaseUntil = _time.GetUtcNow() + worker.Options.Lease,
    };

    private Task<Run> StartDrivenAsync(DriverFixture worker) => worker.StartAsync(run => Driven(worker, run));

    private static JournalEntry Input(Run run) =>
        new() { Kind = EntryKind.Input, StartedAt = run.CreatedAt, Messages = [new ChatMessage(ChatRole.User, "Hello")] };

    /// <summary>Messages in the queue, hidden ones included. No other test runs meanwhile.</summary>
    private static async Task<int> CountAsync(DriverFixture worker)
    {
        var queue = await worker.Storage.GetQueueAsync(RunBackups.Queue, CancellationToken.None);
        return (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount;
    }

    /// <summary>The message of a run, once it comes up.</summary>
    private static async Task<RunBackup> ReceiveAsync(DriverFixture worker, string runId)
    {
        var queue = await worker.Storage.GetQueueAsync(RunBackups.Queue, CancellationToken.None);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            QueueMessage[] messages = await queue.ReceiveMessagesAsync(32, TimeSpan.FromMinutes(1), timeout.Token);
            if (messages.Select(message => RunBackup.TryParse(QueueText.Decode(message.Body))).FirstOrDefault(backup => backup?.RunId == runId) is { } found)
            {
                return found;
            }

            await Task.Delay(100, timeout.Token);
        }
    }

    private async Task<RunService> RunsAsync(DriverFixture worker)
    {
        var (store, shares) = worker.Agents;
        var validator = new AgentValidator(new ScriptedModels(Says("Done.")), new TestTools().Catalog(), new NotificationOptions());
        var agents = new AgentService(store, shares, new ConfiguredAgents([new SettingsAgents(new ConfigurationBuilder().Build())], validator, _time), validator, TestContention.Retries, _time);
        await agents.PutAsync(worker.Scope, "agent", new AgentDefinition { Model = "scripted:one" }, new AgentPrecondition(), CancellationToken.None);
        return new RunService(
            agents, worker.Store, worker.Lists, worker.ConversationQueue, worker.Callbacks.Rules, worker.Quotas.Companion, worker.RequestDriven, worker.WakeUp,
            worker.Recovery, worker.Backups, worker.Overdue, worker.Scheduler, worker.Options, _time);
    }

    private async Task<Run> StartAsync(RunService runs, DriverFixture worker, TimeSpan? wait, Func<StartRun, StartRun>? change = null)
    {
        var request = new StartRun { Input = [new ChatMessage(ChatRole.User, "Hello")] };
        return (await runs.StartAsync(
            new Caller(_owner, new HashSet<string>()), "agent", change?.Invoke(request) ?? request, idempotency: null, wait,
            CancellationToken.None)).Run;
    }

    private DriverFixture Worker(params Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>[] answers) => Worker(companion: null, answers);

    private DriverFixture Worker(IRunCompanion? companion, params Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>[] answers) => new(
        azurite, new ScriptedModels(answers.Length == 0 ? [Says("Done.")] : answers), new TestTools(), _owner, time: _time,
        deliveries: [_told], companions: companion is null ? null : [companion]);

    /// <summary>Does something while a start is being made ready.</summary>
    private sealed class Companion(Func<Task> onStart) : IRunCompanion
    {
        public async ValueTask<CompanionChange> OnStartAsync(Run run, CancellationToken cancellationToken)
        {
            await onStart();
            return CompanionChange.None(run);
        }

        public ValueTask<CompanionChange> OnCommitAsync(Run next, CancellationToken cancellationToken) => ValueTask.FromResult(CompanionChange.None(next));
    }
}
