using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

[Collection(RunsAzurite.Name)]
public sealed class RunDriverTests(AzuriteFixture azurite)
{
    private readonly TestTools _tools = new();
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Run_is_driven_to_its_end_and_its_journal_holds_every_step()
    {
        var worker = Worker(Calls(("echo", new { text = "a" })), Says("Done."));

        var run = await worker.FinishAsync(await worker.StartAsync());
        var (_, entries) = await worker.LoadAsync(run);

        Assert.Equal((RunStatus.Completed, "Done.", 2, 1), (run.Status, run.Output, run.Turns, run.Usage.ToolCalls));
        Assert.Equal([EntryKind.Input, EntryKind.Model, EntryKind.Tool, EntryKind.Model], entries.Select(entry => entry.Kind));
        Assert.Equal([0, 1, 2, 3], entries.Select(entry => entry.Sequence));
        Assert.Equal((1, DateTimeOffset.UnixEpoch), (run.Epoch, run.LeaseUntil));
    }

    [Fact]
    public async Task Slice_delivered_twice_at_once_records_each_step_once()
    {
        var models = new ScriptedModels(Calls(("echo", new { text = "a" }), ("post", new { text = "b" })), Calls(("echo", new { text = "c" })), Says("Done."));
        DriverFixture[] workers = [new(azurite, models, _tools, _owner), new(azurite, models, _tools, _owner), new(azurite, models, _tools, _owner)];
        var run = await workers[0].StartAsync();

        var ended = await Task.WhenAll(workers.Select(worker => worker.FinishAsync(run)));
        var (_, entries) = await workers[0].LoadAsync(run);

        Assert.All(ended, end => Assert.Equal(StopReason.Completed, end.StopReason));
        Assert.Equal(3, models.Prompts.Count);
        Assert.Equal(["t1c0", "t1c1", "t2c0"], _tools.Calls.Select(call => call.CallId).Order());
        Assert.Equal(["t1c0", "t1c1", "t2c0"], entries.Where(entry => entry.Kind == EntryKind.Tool).Select(entry => entry.CallId).Order());
    }

    [Fact]
    public async Task Shutdown_in_a_model_call_gives_the_run_to_the_next_driver_at_once()
    {
        var asked = new TaskCompletionSource();
        var worker = Worker(_ => { asked.TrySetResult(); return new TaskCompletionSource<ChatResponse>().Task; });
        var run = await worker.StartAsync();
        using var stopping = new CancellationTokenSource();

        var slice = worker.AdvanceAsync(run, stopping.Token);
        await asked.Task;
        await stopping.CancelAsync();
        Assert.Equal(SliceEnd.Yielded, (await slice).End);

        var next = Worker(Says("Done."));
        Assert.Equal((2, "Done."), ((await next.FinishAsync(run)).Epoch, (await next.LoadAsync(run)).Run.Output));
    }

    [Fact]
    public async Task Shutdown_waits_for_a_call_that_must_not_be_repeated()
    {
        var (called, answer) = (new TaskCompletionSource(), new TaskCompletionSource<string>());
        _tools.Behave = (_, _) => { called.TrySetResult(); return answer.Task; };
        var worker = Worker(Calls(("post", new { text = "a" })), Says("Done."));
        var run = await worker.StartAsync();
        using var stopping = new CancellationTokenSource();

        var slice = worker.AdvanceAsync(run, stopping.Token);
        await called.Task;
        await stopping.CancelAsync();
        answer.SetResult("posted");
        Assert.Equal(SliceEnd.Yielded, (await slice).End);
        var (_, entries) = await worker.LoadAsync(run);

        Assert.Equal(StepStatus.Completed, entries.Single(entry => entry.Kind == EntryKind.Tool).Status);
    }

    [Fact]
    public async Task Driver_that_cannot_renew_stops_and_what_it_writes_later_is_refused()
    {
        var (called, answer) = (new TaskCompletionSource(), new TaskCompletionSource<string>());
        _tools.Behave = (text, _) =>
        {
            called.TrySetResult();
            return text == "slow" ? answer.Task : Task.FromResult("fast");
        };
        var options = new RunOptions { LeaseSeconds = 9, LoseLeaseRenewals = true };
        var paused = new DriverFixture(
            azurite, new ScriptedModels(Calls(("echo", new { text = "slow" }))), _tools, _owner, options, toolTimeout: TimeSpan.FromSeconds(30));
        var next = new DriverFixture(azurite, new ScriptedModels(Says("From the next driver.")), new TestTools(), _owner);
        var run = await paused.StartAsync();

        var slice = paused.AdvanceAsync(run);
        await called.Task;
        var parked = await slice;
        var ended = await next.FinishAsync(run);
        answer.SetResult("too late");
        var (_, entries) = await next.LoadAsync(run);

        Assert.Equal(SliceEnd.Parked, parked.End);
        Assert.Equal((2, "From the next driver."), (ended.Epoch, ended.Output));
        Assert.DoesNotContain("too late", string.Concat(entries.SelectMany(entry => entry.Messages).SelectMany(message => message.Contents).OfType<FunctionResultContent>().Select(result => result.Result)));
    }

    [Fact]
    public async Task Intent_of_a_dead_driver_becomes_unknown_only_when_its_time_has_passed()
    {
        _tools.Behave = (_, cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith(_ => "", TaskScheduler.Default);
        var options = new RunOptions { LeaseSeconds = 9, LoseLeaseRenewals = true };
        var dead = new DriverFixture(
            azurite, new ScriptedModels(Calls(("post", new { text = "a" }))), _tools, _owner, options, toolTimeout: TimeSpan.FromSeconds(30));
        var run = await dead.StartAsync();
        await dead.AdvanceAsync(run);
        var (_, entries) = await dead.LoadAsync(run);
        var intent = entries.Single(entry => entry.Kind == EntryKind.Intent);

        var early = new DriverFixture(azurite, new ScriptedModels(Says("Done.")), _tools, _owner, time: new ShiftedTime(options.Lease + TimeSpan.FromSeconds(1)));
        var parked = await early.AdvanceAsync(run);
        var late = new DriverFixture(azurite, new ScriptedModels(Says("Done.")), _tools, _owner, time: new ShiftedTime(TimeSpan.FromSeconds(60)));
        await late.FinishAsync(run);
        (_, entries) = await late.LoadAsync(run);

        Assert.Equal((SliceEnd.Parked, intent.UnknownAfter), (parked.End, parked.Until));
        Assert.Equal(StepStatus.Unknown, entries.Single(entry => entry.Kind == EntryKind.Tool).Status);
        Assert.Single(_tools.Calls);
    }

    [Fact]
    public async Task Deadline_in_a_model_call_ends_the_run_without_another_call()
    {
        var (time, asked) = (new FakeTimeProvider(DateTimeOffset.UtcNow), new TaskCompletionSource());
        var models = new ScriptedModels(_ =>
        {
            asked.SetResult();
            return new TaskCompletionSource<ChatResponse>().Task;
        });
        var worker = new DriverFixture(azurite, models, _tools, _owner, time: time);
        var run = await worker.StartAsync(run => run with { Deadline = run.CreatedAt.AddSeconds(10) });

        var slice = worker.AdvanceAsync(run);
        await asked.Task;
        time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(SliceEnd.Finished, (await slice).End);
        Assert.Equal(StopReason.Deadline, (await worker.LoadAsync(run)).Run.StopReason);
        Assert.Single(models.Prompts);
    }

    [Fact]
    public async Task What_was_said_of_an_answer_that_the_deadline_cuts_off_is_kept()
    {
        var (time, said) = (new FakeTimeProvider(DateTimeOffset.UtcNow), new TaskCompletionSource());
        var models = new ScriptedModels(Says("So far, so good.")) { Stream = WithoutEnd(said) };
        var worker = new DriverFixture(azurite, models, _tools, _owner, time: time);
        var run = await worker.StartAsync(run => run with { Stream = true, Deadline = run.CreatedAt.AddSeconds(10) });

        var slice = worker.AdvanceAsync(run);
        await said.Task;
        time.Advance(TimeSpan.FromSeconds(10));
        await slice;
        var (ended, entries) = await worker.LoadAsync(run);

        Assert.Equal((RunStatus.Expired, StopReason.Deadline, "So far, so good."), (ended.Status, ended.StopReason, ended.Output));
        Assert.Equal((EntryKind.Model, StepStatus.Cancelled, ended.Output), (entries[^1].Kind, entries[^1].Status, entries[^1].Text()));
        Assert.Equal((1, 1), (ended.Turns, ended.Usage.ModelCalls));
    }

    [Fact]
    public async Task Outage_of_storage_does_not_end_the_renewals()
    {
        var options = new RunOptions { LeaseSeconds = 18 };
        var worker = new DriverFixture(azurite, new ScriptedModels(Says("Done.")), _tools, _owner, options);
        var run = await worker.StartAsync(run => run with { Epoch = 1, LeaseUntil = run.CreatedAt + options.Lease });
        var refusals = 0;
        worker.Requests.OnRequest = () =>
        {
            if (++refusals <= 1)
            {
                throw new AggregateException("Retry failed after 4 tries.");
            }
        };

        await using var lease = new RunLease(worker.Store, run, [], options, worker.Time, NullLogger.Instance);
        var before = run.LeaseUntil;
        await Poll.UntilAsync(() => lease.Run.LeaseUntil > before);

        Assert.True(refusals > 1);
        Assert.False(lease.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task Run_is_not_driven_by_an_orchestration_that_was_replaced()
    {
        var worker = Worker(Says("Done."));
        var run = await worker.StartAsync();

        var outcome = await worker.Driver.AdvanceAsync(worker.Reference(run), "another", CancellationToken.None);

        Assert.Equal(SliceEnd.Superseded, outcome.End);
        Assert.Equal(RunStatus.Queued, (await worker.LoadAsync(run)).Run.Status);
    }

    [Fact]
    public async Task Run_that_was_never_committed_is_missing()
    {
        var worker = Worker(Says("Done."));

        Assert.Equal(SliceEnd.Missing, (await worker.Driver.AdvanceAsync(new RunReference(_owner.Partition, Ids.NewRun()), "x", CancellationToken.None)).End);
    }

    [Fact]
    public async Task Failing_a_run_names_the_error_and_keeps_what_it_had()
    {
        var worker = Worker(Fails(new InvalidOperationException("bug")));
        var run = await worker.StartAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => worker.AdvanceAsync(run));

        await worker.Driver.FailAsync(worker.Reference(run), "err_x", CancellationToken.None);
        var ended = (await worker.LoadAsync(run)).Run;

        Assert.Equal((RunStatus.Failed, StopReason.InternalError), (ended.Status, ended.StopReason));
        Assert.Equal(new RunError("internal_error", "The run could not go on (err_x)."), ended.Error);
    }

    [Fact]
    public async Task Slice_that_throws_can_be_tried_again_at_once()
    {
        var worker = Worker(Fails(new InvalidOperationException("bug")), Fails(new InvalidOperationException("bug")), Says("Done."));
        var run = await worker.StartAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => worker.AdvanceAsync(run));
        await Assert.ThrowsAsync<InvalidOperationException>(() => worker.AdvanceAsync(run));

        Assert.Equal(SliceEnd.Finished, (await worker.AdvanceAsync(run)).End);
        Assert.Equal(3, (await worker.LoadAsync(run)).Run.Epoch);
    }

    [Fact]
    public async Task Renewals_between_commits_never_bring_back_an_older_state()
    {
        var (time, options) = (new FakeTimeProvider(DateTimeOffset.UtcNow), new RunOptions { LeaseSeconds = 6 });
        var answers = Enumerable.Range(0, 30).Select(i => Calls(("echo", new { text = $"{i}" }))).Append(Says("Done.")).ToArray();
        var worker = new DriverFixture(azurite, new ScriptedModels(answers), _tools, _owner, options, time);
        worker.Agent = worker.Agent with { MaxTurns = 40, MaxToolCalls = 40 };
        var run = await worker.StartAsync();
        worker.Requests.OnTransaction = () => time.Advance(options.LeaseRenewal);

        await worker.FinishAsync(run);
        var (stored, entries) = await worker.LoadAsync(run);

        Assert.Equal((RunStatus.Completed, 31, 30), (stored.Status, stored.Turns, stored.Usage.ToolCalls));
        Assert.Equal(62, entries.Count);
    }

    [Fact]
    public async Task Suspended_run_still_expires_at_its_deadline()
    {
        var worker = Worker(Says("Done."));
        var run = await worker.StartAsync(run => run with { Deadline = run.CreatedAt });
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        await table.UpdateEntityAsync(
            new TableEntity(_owner.Partition, RowKeys.Run(run.Id)) { ["SuspendRequested"] = true }, Azure.ETag.All, TableUpdateMode.Merge);

        Assert.Equal(SliceEnd.Finished, (await worker.AdvanceAsync(run)).End);
        Assert.Equal(StopReason.Deadline, (await worker.LoadAsync(run)).Run.StopReason);
    }

    [Fact]
    public async Task Content_is_stored_only_protected()
    {
        const string Canary = "canary-5f1d";
        _tools.Behave = (_, _) => Task.FromResult($"{Canary}-result");
        var worker = Worker(Calls(("echo", new { text = $"{Canary}-argument" })), Says($"{Canary}-answer"));
        worker.Agent = worker.Agent with { Instructions = $"{Canary}-instructions" };
        await worker.FinishAsync(await worker.StartAsync(run => run with { Metadata = new Dictionary<string, string> { ["note"] = $"{Canary}-metadata" } }));

        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        List<string> stored = [];
        await foreach (var row in table.QueryAsync<TableEntity>(row => row.PartitionKey == _owner.Partition))
        {
            stored.AddRange(row.Select(property => property.Value is byte[] bytes ? System.Text.Encoding.UTF8.GetString(bytes) : $"{property.Value}"));
        }

        Assert.NotEmpty(stored);
        Assert.DoesNotContain(stored, value => value.Contains(Canary, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Row_moved_to_another_run_does_not_decrypt()
    {
        var worker = Worker(Says("Done."));
        var (one, other) = (await worker.StartAsync(), await worker.StartAsync());
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        TableEntity row = await table.GetEntityAsync<TableEntity>(_owner.Partition, RowKeys.JournalEntry(one.Id, 0));
        row.RowKey = RowKeys.JournalEntry(other.Id, 0);
        await table.UpsertEntityAsync(row, TableUpdateMode.Replace);

        await Assert.ThrowsAsync<ContentProtectionException>(() => worker.LoadAsync(other));
    }

    private DriverFixture Worker(params Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>[] answers) =>
        new(azurite, new ScriptedModels(answers), _tools, _owner);
}
