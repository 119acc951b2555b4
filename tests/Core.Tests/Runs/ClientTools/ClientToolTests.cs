using System.Text.Json;
using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs.ClientTools;

/// <summary>From the call to what comes of the caller's answer, over real storage.</summary>
[Collection(RunsAzurite.Name)]
public sealed class ClientToolTests(AzuriteFixture azurite)
{
    private static readonly ClientTool Ask = new("ask_user", "Asks the user.", JsonSerializer.Deserialize<JsonElement>(
        """{"type":"object","properties":{"question":{"type":"string"}},"required":["question"],"additionalProperties":false}"""));

    private readonly TestTools _tools = new();
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Run_waits_for_its_caller_and_goes_on_with_the_answer()
    {
        var models = new ScriptedModels(Calls(("ask_user", new { question = "Which?" })), Says("Blue it is."));
        var worker = Worker(models);
        var run = await WaitingAsync(worker);
        var waiting = (await worker.LoadAsync(run)).Run;
        var pending = Assert.Single(waiting.PendingToolCalls);
        Assert.Empty(waiting.PendingApprovals);
        Assert.Equal(("t1c0", "ask_user", "Which?"), (pending.CallId, pending.Tool, pending.Arguments.GetProperty("question").GetString()));
        Assert.Contains(models.Options[0]!.Tools!, tool => tool.Name == "ask_user");

        var answered = await AnswerAsync(worker, run, "t1c0", "blue");
        Assert.Empty(answered.Awaited);
        Assert.Equal(run.Driver, Assert.Single(worker.Scheduler.Woken));
        var ended = await worker.FinishAsync(run);

        var (_, entries) = await worker.LoadAsync(run);
        Assert.Equal([EntryKind.Input, EntryKind.Model, EntryKind.ToolAwaited, EntryKind.Tool, EntryKind.Model], entries.Select(entry => entry.Kind));
        Assert.Equal((StepStatus.Completed, "blue"), (entries[3].Status, ResultIn(entries[3].Messages)));
        Assert.Equal(("Blue it is.", 1, 2), (ended.Output, ended.Usage.ToolCalls, models.Prompts.Count));
        Assert.Equal("blue", ResultIn(models.Prompts[1]));
    }

    [Fact]
    public async Task In_a_mixed_turn_own_tools_run_at_once_and_never_again()
    {
        var worker = Worker(Calls(("ask_user", new { question = "a" }), ("post", new { text = "b" }), ("ask_user", new { question = "c" })), Says("Done."));
        var run = await WaitingAsync(worker);
        Assert.Equal("t1c1", Assert.Single(_tools.Calls).CallId);

        // Another instance, which knows nothing but what is stored.
        var other = Worker(Says("Done."));
        await AnswerAsync(other, run, "t1c2", "two");
        Assert.Equal(SliceEnd.Parked, (await other.AdvanceAsync(run)).End);
        Assert.Equal(["t1c0"], (await other.LoadAsync(run)).Run.PendingToolCalls.Select(call => call.CallId));
        await AnswerAsync(other, run, "t1c0", "one", hasFailed: true);
        var ended = await other.FinishAsync(run);

        Assert.Equal((RunStatus.Completed, 3), (ended.Status, ended.Usage.ToolCalls));
        Assert.Single(_tools.Calls);
        var results = (await worker.LoadAsync(run)).Entries.Where(entry => entry.Kind == EntryKind.Tool).ToDictionary(entry => entry.CallId!, entry => entry.Status);
        Assert.Equal((StepStatus.Failed, StepStatus.Completed, StepStatus.Completed), (results["t1c0"], results["t1c1"], results["t1c2"]));
    }

    [Fact]
    public async Task First_answer_wins_the_same_again_changes_nothing_and_another_is_refused()
    {
        var worker = Worker(Calls(("ask_user", new { question = "a" })), Says("Done."));
        var run = await WaitingAsync(worker);
        await AnswerAsync(worker, run, "t1c0", "blue");
        await AnswerAsync(worker, run, "t1c0", "blue");
        await Assert.ThrowsAsync<ConflictException>(() => AnswerAsync(worker, run, "t1c0", "red"));
        await Assert.ThrowsAsync<ConflictException>(() => AnswerAsync(worker, run, "t1c0", "blue", hasFailed: true));
        await worker.FinishAsync(run);

        await AnswerAsync(worker, run, "t1c0", "blue");
        await Assert.ThrowsAsync<ConflictException>(() => AnswerAsync(worker, run, "t1c0", "red"));
        await Assert.ThrowsAsync<NotFoundException>(() => AnswerAsync(worker, run, "t1c1", "blue"));
        await Assert.ThrowsAsync<NotFoundException>(() => AnswerAsync(worker, run, "../t1c0", "blue"));
        var stranger = AccessPolicy.ScopeOf(new Caller(DriverFixture.NewOwner(), new HashSet<string>()), userId: null);
        await Assert.ThrowsAsync<NotFoundException>(
            () => worker.Answers.AnswerAsync(stranger, run.Id, "t1c0", hasFailed: false, "blue", CancellationToken.None));
    }

    [Fact]
    public async Task Answers_that_race_leave_one()
    {
        var worker = Worker(Calls(("ask_user", new { question = "a" })), Says("Done."));
        var run = await WaitingAsync(worker);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                await AnswerAsync(worker, run, "t1c0", $"answer {i}");
                return $"answer {i}";
            }
            catch (ConflictException)
            {
                return null;
            }
        }));

        var winner = Assert.Single(outcomes.OfType<string>());
        await worker.FinishAsync(run);
        Assert.Equal(winner, ResultIn(Assert.Single((await worker.LoadAsync(run)).Entries, entry => entry.Kind == EntryKind.Tool).Messages));
    }

    [Fact]
    public async Task Call_that_nobody_answers_fails_by_name_and_the_run_goes_on()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var models = new ScriptedModels(Calls(("ask_user", new { question = "a" })), Says("Then without."));
        var worker = Worker(models, time);
        worker.ClientTools.ExpireMinutes = 10;
        var run = await WaitingAsync(worker);
        time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(SliceEnd.Parked, (await worker.AdvanceAsync(run)).End);

        time.Advance(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<ConflictException>(() => AnswerAsync(worker, run, "t1c0", "late"));
        var ended = await worker.FinishAsync(run);

        Assert.Equal((RunStatus.Completed, "Then without."), (ended.Status, ended.Output));
        Assert.Equal("The caller did not answer the call of \"ask_user\" in time.", ResultIn(models.Prompts[1]));
        await Assert.ThrowsAsync<ConflictException>(() => AnswerAsync(worker, run, "t1c0", "late"));
    }

    [Fact]
    public async Task Answer_that_came_in_time_is_taken_up_also_when_its_driver_comes_late()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var worker = Worker(new ScriptedModels(Calls(("ask_user", new { question = "a" })), Says("Done.")), time);
        worker.ClientTools.ExpireMinutes = 10;
        var run = await WaitingAsync(worker);
        await AnswerAsync(worker, run, "t1c0", "blue");
        time.Advance(TimeSpan.FromMinutes(11));
        await worker.FinishAsync(run);

        Assert.Equal("blue", ResultIn(Assert.Single((await worker.LoadAsync(run)).Entries, entry => entry.Kind == EntryKind.Tool).Messages));
    }

    [Theory]
    [InlineData("cancel", RunStatus.Cancelled, StepStatus.Unknown)]
    [InlineData("deadline", RunStatus.Expired, StepStatus.Failed)]
    public async Task Run_that_ends_while_it_waits_says_what_is_known_of_the_call(string how, RunStatus status, StepStatus call)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var worker = Worker(new ScriptedModels(Calls(("ask_user", new { question = "a" })), Says("Done.")), time);
        worker.Agent = worker.Agent with { DeadlineSeconds = 60 };
        var run = await WaitingAsync(worker);
        if (how == "cancel")
        {
            await worker.Control.CancelAsync(worker.Scope, run.Id, CancellationToken.None);
        }
        else
        {
            time.Advance(TimeSpan.FromHours(2));
        }

        await worker.FinishAsync(run);
        var (ended, entries) = await worker.LoadAsync(run);
        Assert.Equal((status, 1), (ended.Status, ended.Usage.ToolCalls));
        Assert.Empty(ended.Awaited);
        Assert.Equal((call, "t1c0"), (entries[^1].Status, entries[^1].CallId));
        await Assert.ThrowsAsync<ConflictException>(() => AnswerAsync(worker, run, "t1c0", "late"));
    }

    [Fact]
    public async Task Suspended_run_takes_its_answer_up_when_it_is_resumed()
    {
        var worker = Worker(Calls(("ask_user", new { question = "a" })), Says("Done."));
        var run = await WaitingAsync(worker);
        await worker.Control.SuspendAsync(worker.Scope, run.Id, CancellationToken.None);
        await AnswerAsync(worker, run, "t1c0", "blue");
        Assert.Equal(SliceEnd.Parked, (await worker.AdvanceAsync(run)).End);
        Assert.Equal(RunStatus.Suspended, (await worker.LoadAsync(run)).Run.Status);
        await worker.Control.ResumeAsync(worker.Scope, run.Id, CancellationToken.None);
        Assert.Equal("Done.", (await worker.FinishAsync(run)).Output);
    }

    [Theory]
    [InlineData("""{"question":5}""")]
    [InlineData("""{"question":"a","sudo":true}""")]
    public async Task Arguments_that_do_not_fit_are_refused_to_the_model_and_nobody_is_asked(string arguments)
    {
        var models = new ScriptedModels(
            _ => Task.FromResult(Response(new FunctionCallContent("p", "ask_user", JsonSerializer.Deserialize<Dictionary<string, object?>>(arguments)))), Says("Sorry."));
        var worker = Worker(models);
        var run = await worker.StartAsync(WithTools);
        Assert.Equal("Sorry.", (await worker.FinishAsync(run)).Output);
        Assert.StartsWith("The arguments are not valid", ResultIn(models.Prompts[1]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_of_the_caller_count_in_the_budget()
    {
        var worker = Worker(Calls(("ask_user", new { question = "a" }), ("ask_user", new { question = "b" })), Says("Done."));
        worker.Agent = worker.Agent with { MaxToolCalls = 1 };
        var run = await worker.StartAsync(WithTools);
        Assert.Equal(StopReason.MaxToolCalls, (await worker.FinishAsync(run)).StopReason);
        Assert.DoesNotContain((await worker.LoadAsync(run)).Entries, entry => entry.Kind == EntryKind.ToolAwaited);
    }

    [Fact]
    public async Task Long_answers_are_cut_and_control_characters_dropped_as_of_every_result()
    {
        var worker = Worker(Calls(("ask_user", new { question = "a" })), Says("Done."));
        var run = await WaitingAsync(worker);
        await AnswerAsync(worker, run, "t1c0", "\u0007a" + new string('x', 100_000));
        await worker.FinishAsync(run);
        var result = ResultIn(Assert.Single((await worker.LoadAsync(run)).Entries, entry => entry.Kind == EntryKind.Tool).Messages);
        Assert.StartsWith("ax", result, StringComparison.Ordinal);
        Assert.Contains("[cut:", result, StringComparison.Ordinal);
        Assert.True(result.Length < 17_000, $"{result.Length} characters");
    }

    [Fact]
    public async Task Fork_inherits_the_tools_and_asks_anew()
    {
        var worker = Worker(Calls(("ask_user", new { question = "a" })), Says("Done."));
        var run = await WaitingAsync(worker);
        await worker.Control.CancelAsync(worker.Scope, run.Id, CancellationToken.None);
        var (source, entries) = await worker.LoadAsync(run);
        Assert.Equal("ask_user", Assert.Single(source.ClientTools).Name);

        // A call that was given away may have been made: a fork takes that over as it is.
        var taken = ForkedJournal.Of(source, entries, history: null, fromTurn: 2, [], DateTimeOffset.UtcNow);
        Assert.Equal(StepStatus.Unknown, taken[^1].Status);
    }

    [Fact]
    public async Task Events_tell_what_the_caller_is_to_do()
    {
        var worker = Worker(Calls(("ask_user", new { question = "Which?" })), Says("Done."));
        var run = await WaitingAsync(worker);
        await AnswerAsync(worker, run, "t1c0", "blue");
        await worker.FinishAsync(run);
        await using var reader = await worker.Events.OpenAsync(worker.Scope, run.Id, after: null, CancellationToken.None);
        List<RunEvent> events = [];
        while (reader!.Next() is { } next)
        {
            events.Add(next);
        }

        Assert.Equal(
            [RunEventType.RunStarted, RunEventType.ModelCompleted, RunEventType.ToolAwaited, RunEventType.ToolCompleted, RunEventType.ModelCompleted, RunEventType.RunEnded],
            events.Select(what => what.Type));
        Assert.Equal("Which?", events[2].Approval!.Arguments.GetProperty("question").GetString());
    }

    [Fact]
    public async Task Nothing_of_tools_and_answers_is_stored_in_plain_and_all_of_it_goes_with_the_run()
    {
        const string Canary = "canary-4f1d";
        var worker = Worker(Calls(("canary-4f1d_tool", new { question = Canary })), Says("Done."));
        var run = await worker.StartAsync(run => run with { ClientTools = [Ask with { Name = $"{Canary}_tool", Description = Canary }] });
        await worker.AdvanceAsync(run);
        await AnswerAsync(worker, run, "t1c0", $"{Canary}-answer");
        await worker.FinishAsync(run);

        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        List<TableEntity> rows = await table.QueryAsync<TableEntity>(row => row.PartitionKey == _owner.Partition).ToListAsync();
        Assert.DoesNotContain(rows.SelectMany(row => row.Select(property => property.Value)), value => (value is byte[] bytes ? System.Text.Encoding.UTF8.GetString(bytes) : $"{value}").Contains(Canary, StringComparison.Ordinal));

        await worker.Control.DeleteAsync(worker.Scope, run.Id, CancellationToken.None);
        rows = await table.QueryAsync<TableEntity>(row => row.PartitionKey == _owner.Partition).ToListAsync();
        Assert.DoesNotContain(rows, row => row.RowKey.StartsWith(RowKeysOf(run), StringComparison.Ordinal));
    }

    private static string RowKeysOf(Run run) => $"run!{run.Id}!";

    private static Run WithTools(Run run) => run with { ClientTools = [Ask] };

    private static string ResultIn(IEnumerable<ChatMessage> messages) =>
        messages.SelectMany(message => message.Contents).OfType<FunctionResultContent>().Last().Result!.ToString()!;

    private DriverFixture Worker(params Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>[] answers) => Worker(new ScriptedModels(answers));

    private DriverFixture Worker(ScriptedModels models, TimeProvider? time = null) => new(azurite, models, _tools, _owner, time: time);

    private static async Task<Run> WaitingAsync(DriverFixture worker)
    {
        var run = await worker.StartAsync(WithTools);
        var outcome = await worker.AdvanceAsync(run);
        var (waiting, _) = await worker.LoadAsync(run);
        Assert.Equal((SliceEnd.Parked, RunStatus.Waiting), (outcome.End, waiting.Status));
        return run;
    }

    private static Task<Run> AnswerAsync(DriverFixture worker, Run run, string callId, string text, bool hasFailed = false) =>
        worker.Answers.AnswerAsync(worker.Scope, run.Id, callId, hasFailed, text, CancellationToken.None);
}
