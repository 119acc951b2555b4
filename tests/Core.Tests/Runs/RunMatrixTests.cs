using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

/// <summary>Every situation a run can be in, and what can befall it there. Requests come to another instance than its driver.</summary>
[Collection(RunsAzurite.Name)]
public sealed class RunMatrixTests(AzuriteFixture azurite) : IDisposable
{
    private const string InModel = "in a model call";
    private const string BetweenChunks = "between chunks of a streamed answer";
    private const string InTool = "in a tool";
    private const string InPost = "in a tool that must not be repeated";
    private const string InDistributed = "in a distributed tool";
    private const string Waiting = "waiting for approval";
    private const string BetweenAttempts = "between two attempts at a slice";
    private const string Ended = "after its end";

    private readonly TestTools _tools = new();
    private readonly Owner _owner = DriverFixture.NewOwner();
    private readonly TaskCompletionSource _reached = new();
    private readonly TaskCompletionSource _goOn = new();
    private readonly TaskCompletionSource _toldToStop = new();
    private ScriptedModels _models = new(Says("Done."));

    public static TheoryData<string> Situations => new(
        "before its start", InModel, BetweenChunks, InTool, InPost, InDistributed, Waiting, "suspended", BetweenAttempts, Ended);

    public static TheoryData<string> Unended => new(
        "before its start", InModel, BetweenChunks, InTool, InPost, InDistributed, Waiting, "suspended", BetweenAttempts);

    public void Dispose() => _models.Dispose();

    [Theory]
    [MemberData(nameof(Situations))]
    public async Task Cancel_ends_the_run_and_nothing_begins_afterwards(string situation)
    {
        var (worker, other) = Workers(situation);
        var (run, working) = await BringAsync(worker, situation);

        var (_, accepted) = await other.Control.CancelAsync(other.Scope, run.Id, CancellationToken.None);
        await working;
        if (situation is InTool or InPost or InDistributed)
        {
            await _toldToStop.Task;
        }

        var ended = await other.FinishAsync(run);
        var (prompts, calls) = (_models.Prompts.Count, _tools.Calls.Count);
        _goOn.SetResult();
        var (again, repeated) = await other.Control.CancelAsync(other.Scope, run.Id, CancellationToken.None);

        Assert.Equal(situation == Ended ? (RunStatus.Completed, false) : (RunStatus.Cancelled, true), (ended.Status, accepted));
        Assert.Equal((ended.ETag, false), (again.ETag, repeated));
        Assert.Equal(SliceEnd.Finished, (await other.AdvanceAsync(run)).End);
        Assert.Equal((prompts, calls), (_models.Prompts.Count, _tools.Calls.Count));
        Assert.Equal(situation is InModel or InTool or InPost or InDistributed or Waiting ? "So far." : situation == Ended ? "Done." : situation == BetweenChunks ? "So " : null, ended.Output);
    }

    [Theory]
    [MemberData(nameof(Unended))]
    public async Task Suspend_ends_the_step_in_flight_and_resume_goes_on_from_there(string situation)
    {
        var (worker, other) = Workers(situation);
        var (run, working) = await BringAsync(worker, situation);
        await other.Control.SuspendAsync(other.Scope, run.Id, CancellationToken.None);
        await other.Control.SuspendAsync(other.Scope, run.Id, CancellationToken.None);
        _goOn.SetResult();
        await working;
        await other.AdvanceAsync(run);
        var before = other.Requests.Count;
        var parked = await other.AdvanceAsync(run);
        Assert.Equal((SliceEnd.Parked, 1), (parked.End, other.Requests.Count - before));
        Assert.Equal(RunStatus.Suspended, (await other.LoadAsync(run)).Run.Status);

        var resumed = await other.Control.ResumeAsync(other.Scope, run.Id, CancellationToken.None);
        await other.Control.ResumeAsync(other.Scope, run.Id, CancellationToken.None);
        Assert.NotEqual(RunStatus.Suspended, resumed.Status);
        var ended = await FinishAsync(other, run);

        Assert.Equal((RunStatus.Completed, "Done."), (ended.Status, ended.Output));
        Assert.True(_tools.Calls.Count <= 1, "The tool was called again.");
    }

    [Theory]
    [MemberData(nameof(Situations))]
    public async Task Second_worker_repeats_nothing(string situation)
    {
        var (worker, other) = Workers(situation);
        var (run, working) = await BringAsync(worker, situation);
        if (situation == "suspended")
        {
            await other.Control.ResumeAsync(other.Scope, run.Id, CancellationToken.None);
        }

        var second = FinishAsync(other, run);
        _goOn.SetResult();
        await working;
        var ended = await second;
        var (_, entries) = await other.LoadAsync(run);

        Assert.Equal((RunStatus.Completed, "Done."), (ended.Status, ended.Output));
        Assert.Equal(Enumerable.Range(0, entries.Count).Select(i => (long)i), entries.Select(entry => entry.Sequence));
        Assert.True(_tools.Calls.Count <= 1, "The tool was called again.");
    }

    [Theory]
    [MemberData(nameof(Unended))]
    public async Task Suspended_run_can_be_cancelled(string situation)
    {
        var (worker, other) = Workers(situation);
        var (run, working) = await BringAsync(worker, situation);
        await other.Control.SuspendAsync(other.Scope, run.Id, CancellationToken.None);
        await other.Control.CancelAsync(other.Scope, run.Id, CancellationToken.None);
        await working;

        Assert.Equal(RunStatus.Cancelled, (await other.FinishAsync(run)).Status);
    }

    [Theory]
    [MemberData(nameof(Situations))]
    public async Task Reader_who_goes_away_and_comes_back_misses_nothing_and_changes_nothing(string situation)
    {
        var (worker, other) = Workers(situation);
        var (run, working) = await BringAsync(worker, situation);
        var seen = await ReadAsync(other, run, after: null, toEnd: false);
        if (situation == "suspended")
        {
            await other.Control.ResumeAsync(other.Scope, run.Id, CancellationToken.None);
        }

        _goOn.SetResult();
        await working;
        var ended = await FinishAsync(other, run);
        var all = await ReadAsync(worker, run, after: null, toEnd: true);
        var rest = situation == Ended ? [] : await ReadAsync(other, run, seen[^1].Id, toEnd: true);

        Assert.Equal((RunStatus.Completed, "Done."), (ended.Status, ended.Output));
        Assert.Equal(all.Select(item => item.Id), seen.Concat(rest).Where(IsLasting).Select(item => item.Id));
        Assert.True(_tools.Calls.Count <= 1, "The tool was called again.");
    }

    [Theory]
    [MemberData(nameof(Unended))]
    public async Task Cancelled_run_has_the_same_events_for_who_was_there_and_who_comes_later(string situation)
    {
        var (worker, other) = Workers(situation);
        var (run, working) = await BringAsync(worker, situation);
        var reading = ReadAsync(other, run, after: null, toEnd: true);

        await other.Control.CancelAsync(other.Scope, run.Id, CancellationToken.None);
        await working;
        await other.FinishAsync(run);
        var (seen, late) = (await reading, await ReadAsync(worker, run, after: null, toEnd: true));

        Assert.Equal(late.Select(item => item.Id), seen.Where(IsLasting).Select(item => item.Id));
        Assert.Equal((RunEventType.RunEnded, RunStatus.Cancelled), (late[^1].Type, late[^1].Run!.Status));
        Assert.DoesNotContain(seen, item => item.Type == RunEventType.ModelRestarted);
    }

    [Fact]
    public async Task What_was_said_of_an_answer_that_is_cut_off_is_a_step_of_its_run()
    {
        var (worker, other) = Workers(BetweenChunks);
        var (run, working) = await BringAsync(worker, BetweenChunks);

        await other.Control.CancelAsync(other.Scope, run.Id, CancellationToken.None);
        await working;
        var (ended, entries) = await other.LoadAsync(run);

        Assert.Equal((EntryKind.Model, StepStatus.Cancelled, "So "), (entries[^1].Kind, entries[^1].Status, entries[^1].Text()));
        Assert.Equal(("So ", 1, 1), (ended.Output, ended.Turns, ended.Usage.ModelCalls));
    }

    [Fact]
    public async Task Run_that_has_ended_is_neither_suspended_nor_resumed()
    {
        var (worker, other) = Workers(Ended);
        var (run, _) = await BringAsync(worker, Ended);

        await Assert.ThrowsAsync<ConflictException>(() => other.Control.SuspendAsync(other.Scope, run.Id, CancellationToken.None));
        await Assert.ThrowsAsync<ConflictException>(() => other.Control.ResumeAsync(other.Scope, run.Id, CancellationToken.None));
        Assert.Equal(RunStatus.Completed, (await other.LoadAsync(run)).Run.Status);
    }

    [Fact]
    public async Task Cancelled_call_that_must_not_be_repeated_is_recorded_as_unknown()
    {
        var (worker, other) = Workers(InPost);
        var (run, working) = await BringAsync(worker, InPost);

        await other.Control.CancelAsync(other.Scope, run.Id, CancellationToken.None);
        await working;
        var (ended, entries) = await other.LoadAsync(run);

        Assert.Equal(StepStatus.Unknown, Assert.Single(entries, entry => entry.Kind == EntryKind.Tool).Status);
        Assert.Equal((RunStatus.Cancelled, 1), (ended.Status, ended.Usage.ToolCalls));
    }

    [Fact]
    public async Task Cancelled_call_that_still_answers_has_its_result_recorded()
    {
        var (worker, other) = Workers(InPost);
        _tools.Behave = async (_, cancellationToken) =>
        {
            _reached.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
            return "posted all the same";
        };
        var run = await worker.StartAsync();
        var working = worker.AdvanceAsync(run);
        await _reached.Task;

        await other.Control.CancelAsync(other.Scope, run.Id, CancellationToken.None);
        await working;
        var (ended, entries) = await other.LoadAsync(run);

        Assert.Equal(StepStatus.Completed, Assert.Single(entries, entry => entry.Kind == EntryKind.Tool).Status);
        Assert.Equal(RunStatus.Cancelled, ended.Status);
    }

    private static bool IsLasting(RunEvent item) =>
        item.Type is not (RunEventType.ModelDelta or RunEventType.ModelRestarted or RunEventType.ToolStarted);

    private static async Task<List<RunEvent>> ReadAsync(DriverFixture worker, Run run, string? after, bool toEnd)
    {
        List<RunEvent> events = [];
        await using var reader = (await worker.Events.OpenAsync(worker.Scope, run.Id, after, CancellationToken.None))!;
        while (true)
        {
            if (reader.Next() is { } next)
            {
                events.Add(next);
            }
            else if (reader.HasEnded || !toEnd)
            {
                return events;
            }
            else
            {
                Assert.True(await reader.WaitAsync(TimeSpan.FromSeconds(60), CancellationToken.None), "Nothing comes any more.");
            }
        }
    }

    /// <summary>A driver, and an instance that requests come to.</summary>
    private (DriverFixture Worker, DriverFixture Other) Workers(string situation)
    {
        var tool = situation switch { InPost => "post", InDistributed => "far", _ => "echo" };
        var usesTool = situation is InTool or InPost or InDistributed or Waiting;
        var attempts = 0;
        _models = new ScriptedModels(async prompt =>
        {
            if (situation == BetweenAttempts && Interlocked.Increment(ref attempts) == 1)
            {
                throw new InvalidOperationException("A bug.");
            }

            // In a model call: in the second of three, so that there is something said before it and something to do after it.
            var answers = prompt.Count(message => message.Role == ChatRole.Assistant);
            if (situation == InModel && answers == 1)
            {
                _reached.TrySetResult();
                await _goOn.Task;
            }

            if (answers < (situation == InModel ? 2 : usesTool || situation == BetweenChunks ? 1 : 0))
            {
                return Response(new TextContent("So far."), new FunctionCallContent("x", usesTool ? tool : "none", new Dictionary<string, object?> { ["text"] = "a" }));
            }

            return Response(new TextContent("Done."));
        }) { Stream = situation == BetweenChunks ? ChunksAsync : null };
        _tools.Behave = async (_, cancellationToken) =>
        {
            _reached.TrySetResult();
            try
            {
                await _goOn.Task.WaitAsync(cancellationToken);
                return "ok";
            }
            catch (OperationCanceledException)
            {
                _toldToStop.TrySetResult();
                throw;
            }
        };
        return (Worker(situation), Worker(situation));
    }

    private DriverFixture Worker(string situation)
    {
        var worker = new DriverFixture(azurite, _models, _tools, _owner);
        worker.Agent = worker.Agent with { Approvals = situation == Waiting ? ["echo"] : [] };
        return worker;
    }

    private async IAsyncEnumerable<ChatResponseUpdate> ChunksAsync(
        Task<ChatResponse> answer, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var updates = (await answer).ToChatResponseUpdates();
        if (updates.SelectMany(update => update.Contents).OfType<FunctionCallContent>().Any())
        {
            yield return new ChatResponseUpdate(ChatRole.Assistant, "So ") { ModelId = "scripted:one" };
            _reached.TrySetResult();
            await _goOn.Task.WaitAsync(cancellationToken);
            updates[0].Contents[0] = new TextContent("far.");
        }

        foreach (var update in updates)
        {
            yield return update;
        }
    }

    /// <summary>Brings a run into a situation.</summary>
    private async Task<(Run Run, Task Working)> BringAsync(DriverFixture worker, string situation)
    {
        var run = await worker.StartAsync(run => run with { Stream = situation == BetweenChunks });
        switch (situation)
        {
            case InModel or InTool or InPost or BetweenChunks:
                var slice = worker.AdvanceAsync(run);
                await _reached.Task;
                return (run, slice);
            case InDistributed:
                var outcome = await worker.AdvanceAsync(run);
                var activity = worker.Driver.RunToolAsync(worker.Reference(run), Assert.Single(outcome.CallIds!), CancellationToken.None);
                await _reached.Task;
                return (run, activity);
            case Waiting:
                Assert.Equal(SliceEnd.Parked, (await worker.AdvanceAsync(run)).End);
                Assert.Equal(RunStatus.Waiting, (await worker.LoadAsync(run)).Run.Status);
                break;
            case "suspended":
                await worker.Control.SuspendAsync(worker.Scope, run.Id, CancellationToken.None);
                break;
            case BetweenAttempts:
                await Assert.ThrowsAsync<InvalidOperationException>(() => worker.AdvanceAsync(run));
                break;
            case Ended:
                await worker.FinishAsync(run);
                break;
        }

        return (run, Task.CompletedTask);
    }

    /// <summary>Drives the run to its end; whatever waits for approval is approved.</summary>
    private static async Task<Run> FinishAsync(DriverFixture worker, Run run)
    {
        var finishing = worker.FinishAsync(run);
        while (!finishing.IsCompleted)
        {
            foreach (var pending in (await worker.LoadAsync(run)).Run.PendingApprovals)
            {
                var decision = new Decision(ApprovalOutcome.Approve, pending.ArgumentsHash);
                await worker.Decisions.DecideAsync(worker.Scope, run.Id, pending.CallId, decision, CancellationToken.None);
            }

            await Task.WhenAny(finishing, Task.Delay(TimeSpan.FromMilliseconds(20)));
        }

        return await finishing;
    }
}
