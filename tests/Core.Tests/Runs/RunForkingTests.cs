using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Redaction;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Agents;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

[Collection(RunsAzurite.Name)]
public sealed class RunForkingTests(AzuriteFixture azurite)
{
    private readonly AgentsFixture _agents = new(azurite);
    private readonly TestTools _tools = new();

    /// <summary>Two turns with a tool each, then the answer.</summary>
    private static ScriptedModels TwoTools() => new(
        Calls(("post", new { text = "one" })), Calls(("echo", new { text = "two" })), Says("Done."));

    [Fact]
    public async Task Fork_shows_the_model_the_turns_before_and_pays_only_for_its_own()
    {
        var source = await FinishAsync(TwoTools());
        var models = new ScriptedModels(Says("Otherwise."));

        var fork = await ForkAsync(models, source, new ForkRun(3, null));

        Assert.Equal((RunStatus.Completed, "Otherwise.", 3), (fork.Run.Status, fork.Run.Output, fork.Run.Turns));
        Assert.Equal(new RunUsage(10, 5, 1), fork.Run.Usage);
        Assert.Equal((source.Id, 2), (fork.Run.ForkedFrom, fork.Run.InheritedTurns));
        Assert.Equal(["post", "echo"], Assert.Single(models.Prompts).SelectMany(message => message.Contents).OfType<FunctionCallContent>().Select(call => call.Name));
        Assert.Equal(
            ["echo one", "echo two"],
            models.Prompts[0].SelectMany(message => message.Contents).OfType<FunctionResultContent>().Select(result => Assert.IsType<string>(result.Result)));
        Assert.Equal(2, _tools.Calls.Count);
        Assert.Equal([true, true, true, true, true, true, false], fork.Entries.Select(entry => entry.Inherited));
    }

    [Fact]
    public async Task Calls_of_the_fork_have_ids_and_keys_of_their_own()
    {
        var source = await FinishAsync(TwoTools());

        var fork = await ForkAsync(new ScriptedModels(Calls(("post", new { text = "again" })), Says("Done.")), source, new ForkRun(2, null));

        Assert.Equal([$"{source.Id}:t1c0", $"{source.Id}:t2c0", $"{fork.Run.Id}:t2c0"], _tools.Calls.Select(call => call.IdempotencyKey));
        Assert.Equal(["t1c0", "t2c0"], fork.Entries.Where(entry => entry.Kind == EntryKind.Tool).Select(entry => entry.CallId));
        var wire = fork.Entries.SelectMany(entry => entry.ToolCalls()).Select(call => call.CallId).ToList();
        Assert.Equal(2, wire.Distinct().Count());
    }

    [Fact]
    public async Task Input_follows_the_last_turn_that_is_kept()
    {
        var source = await FinishAsync(TwoTools());
        var models = new ScriptedModels(Says("Of course."));

        await ForkAsync(models, source, new ForkRun(2, "Leave it at that."));

        Assert.Equal(
            [ChatRole.User, ChatRole.Assistant, ChatRole.Tool, ChatRole.User], Assert.Single(models.Prompts).Select(message => message.Role));
        Assert.Equal("Leave it at that.", models.Prompts[0][^1].Text);
    }

    [Fact]
    public async Task Fork_from_the_first_turn_keeps_the_input_alone()
    {
        var source = await FinishAsync(TwoTools());
        var models = new ScriptedModels(Says("Hi."));

        var fork = await ForkAsync(models, source, new ForkRun(1, null));

        Assert.Equal(["Hello"], Assert.Single(models.Prompts).Select(message => message.Text));
        Assert.Equal((1, 0), (fork.Run.Turns, fork.Run.InheritedTurns));
    }

    [Fact]
    public async Task Completed_run_goes_on_from_its_end_with_another_input()
    {
        var source = await FinishAsync(TwoTools());
        var models = new ScriptedModels(Says("More."));

        var missing = await Assert.ThrowsAsync<InvalidRequestException>(() => ForkAsync(models, source, new ForkRun(4, null)));
        var fork = await ForkAsync(models, source, new ForkRun(4, "Go on."));

        Assert.Equal(["input"], missing.Errors.Keys);
        Assert.Equal(("More.", 4), (fork.Run.Output, fork.Run.Turns));
        Assert.Equal(["Done.", "Go on."], Assert.Single(models.Prompts).TakeLast(2).Select(message => message.Text));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(5)]
    [InlineData(int.MaxValue)]
    public async Task Turn_that_the_run_does_not_have_is_named_with_the_range(int fromTurn)
    {
        var source = await FinishAsync(TwoTools());

        var refused = await Assert.ThrowsAsync<InvalidRequestException>(() => ForkAsync(TwoTools(), source, new ForkRun(fromTurn, "x")));

        Assert.Contains("between 1 and 4", refused.Errors["fromTurn"].Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_that_ended_by_its_turns_goes_on_with_as_many_again()
    {
        var source = await FinishAsync(TwoTools(), agent => agent with { MaxTurns = 2 });
        Assert.Equal(StopReason.MaxTurns, source.StopReason);

        var fork = await ForkAsync(new ScriptedModels(Says("Done.")), source, new ForkRun(3, null));

        Assert.Equal((StopReason.Completed, "Done.", 3), (fork.Run.StopReason, fork.Run.Output, fork.Run.Turns));
        Assert.Equal([$"{source.Id}:t1c0", $"{fork.Run.Id}:t2c0"], _tools.Calls.Select(call => call.IdempotencyKey));
    }

    [Fact]
    public async Task Calls_that_were_not_made_are_answered_for_when_another_input_follows()
    {
        var source = await FinishAsync(TwoTools(), agent => agent with { MaxTurns = 2 });
        var models = new ScriptedModels(Says("Fine."));

        await ForkAsync(models, source, new ForkRun(3, "Never mind."));

        var result = Assert.IsType<FunctionResultContent>(Assert.Single(Assert.Single(models.Prompts)[^2].Contents));
        Assert.Contains("was not made", result.Result!.ToString(), StringComparison.Ordinal);
        Assert.Single(_tools.Calls);
    }

    [Fact]
    public async Task Call_that_was_begun_in_the_old_run_is_not_made_by_the_fork()
    {
        // Nobody learns what became of the call, because the run ends meanwhile.
        var owner = _agents.Scope("alice").Owner;
        var dying = new DriverFixture(azurite, TwoTools(), _tools, owner);
        var run = await dying.StartAsync();
        using var shutdown = new CancellationTokenSource();
        _tools.Behave = async (_, token) =>
        {
            await shutdown.CancelAsync();
            await Task.Delay(Timeout.Infinite, token);
            return "";
        };
        var running = dying.AdvanceAsync(run, shutdown.Token);
        await Poll.UntilAsync(() => shutdown.IsCancellationRequested);
        var table = await dying.Storage.GetWorkTableAsync(CancellationToken.None);
        var row = new TableEntity(owner.Partition, RowKeys.Run(run.Id)) { ["Status"] = "Expired", ["StopReason"] = "Deadline", ["Epoch"] = 99 };
        await table.UpdateEntityAsync(row, Azure.ETag.All, TableUpdateMode.Merge);
        await running;
        _tools.Behave = (text, _) => Task.FromResult($"echo {text}");
        var models = new ScriptedModels(Says("I see."));

        var fork = await ForkAsync(models, (await dying.LoadAsync(run)).Run, new ForkRun(2, "What happened?"));

        Assert.Equal(StepStatus.Unknown, fork.Entries.Single(entry => entry.Kind == EntryKind.Tool).Status);
        Assert.Single(_tools.Calls);
    }

    [Fact]
    public async Task Run_that_goes_on_is_forked_from_turns_that_are_complete()
    {
        var worker = Worker(new ScriptedModels(Calls(("echo", new { text = "one" })), Calls(("far", new { text = "two" })), Says("Done.")));
        var run = await worker.StartAsync();
        Assert.Equal(SliceEnd.Distributed, (await worker.AdvanceAsync(run)).End);

        await Assert.ThrowsAsync<ConflictException>(() => ForkAsync(new ScriptedModels(Says("Hi.")), run, new ForkRun(3, null)));
        var fork = await ForkAsync(new ScriptedModels(Says("Hi.")), run, new ForkRun(2, null));

        Assert.Equal((RunStatus.Completed, 2), (fork.Run.Status, fork.Run.Turns));
    }

    [Fact]
    public async Task Large_content_and_hundreds_of_entries_are_the_forks_own_and_outlive_the_old_run()
    {
        const int Turns = 130;
        var large = new string('x', 15_000);
        _tools.Behave = (_, _) => Task.FromResult(large);
        var answers = Enumerable.Range(0, Turns).Select(i => Calls(("echo", new { text = $"{i}" }))).Append(Says("Done.")).ToArray();
        var source = await FinishAsync(new ScriptedModels(answers), agent => agent with { MaxTurns = 200, MaxToolCalls = 1000 });
        var worker = Worker(new ScriptedModels(Says("Again.")));

        var fork = await StartForkAsync(worker, source, new ForkRun(Turns + 1, null));
        await RemoveAsync(worker, source);
        var ended = await worker.FinishAsync(fork);

        Assert.Equal((RunStatus.Completed, "Again."), (ended.Status, ended.Output));
        var (_, entries) = await worker.LoadAsync(ended);
        Assert.Equal(Enumerable.Range(0, (2 * Turns) + 2).Select(sequence => (long)sequence), entries.Select(entry => entry.Sequence));
        Assert.Equal(Turns, entries.Count(entry => entry.Kind == EntryKind.Tool && entry.Messages[0].Contents.OfType<FunctionResultContent>().Single().Result!.ToString() == large));
    }

    [Fact]
    public async Task Fork_of_a_fork_takes_over_everything_before()
    {
        var source = await FinishAsync(TwoTools());
        var first = await ForkAsync(new ScriptedModels(Calls(("echo", new { text = "three" })), Says("Done.")), source, new ForkRun(2, "Do more."));
        var models = new ScriptedModels(Says("Enough."));

        var second = await ForkAsync(models, first.Run, new ForkRun(3, null));

        Assert.Equal(
            [ChatRole.User, ChatRole.Assistant, ChatRole.Tool, ChatRole.User, ChatRole.Assistant, ChatRole.Tool], Assert.Single(models.Prompts).Select(message => message.Role));
        Assert.Equal((first.Run.Id, 3, 1), (second.Run.ForkedFrom, second.Run.Turns, second.Run.Usage.ModelCalls));
    }

    [Fact]
    public async Task Fork_is_outside_the_conversation_and_shows_the_model_what_its_run_saw()
    {
        var conversation = $"c-{Guid.NewGuid():N}";
        await FinishAsync(new ScriptedModels(Says("Hello, Ada.")), start: run => run with { ConversationId = conversation });
        var source = await FinishAsync(TwoTools(), start: run => run with { ConversationId = conversation });
        var models = new ScriptedModels(Says("Otherwise."));

        var fork = await ForkAsync(models, source, new ForkRun(2, null));

        Assert.Null(fork.Run.ConversationId);
        Assert.Equal(
            ["Hello", "Hello, Ada.", "Hello"], Assert.Single(models.Prompts).Where(message => message.Text.Length > 0).Select(message => message.Text));
        var stored = await new ConversationStore(Worker(models).Storage).FindAsync(_agents.Scope("alice").Owner.Partition, conversation, CancellationToken.None);
        Assert.Equal(2, stored!.Exchanges);
    }

    [Fact]
    public async Task Repeat_with_the_same_key_finds_the_fork_also_when_the_old_run_is_gone()
    {
        var source = await FinishAsync(TwoTools());
        var worker = Worker(new ScriptedModels(Says("Hi.")));
        var idempotency = new Idempotency("key", "hash");

        var first = await Forking(worker).ForkAsync(Alice, source.Id, new ForkRun(2, null), idempotency, TimeSpan.Zero, CancellationToken.None);
        await RemoveAsync(worker, source);
        var second = await Forking(worker).ForkAsync(Alice, source.Id, new ForkRun(2, null), idempotency, TimeSpan.Zero, CancellationToken.None);

        Assert.Equal((true, false, first.Run.Id), (first.Created, second.Created, second.Run.Id));
        await Assert.ThrowsAsync<IdempotencyMismatchException>(() => Forking(worker).ForkAsync(
            Alice, source.Id, new ForkRun(1, null), idempotency with { RequestHash = "other" }, TimeSpan.Zero, CancellationToken.None));
    }

    [Theory]
    [InlineData("bob", false)]
    [InlineData("alice", true)]
    public async Task Run_of_another_or_one_that_is_gone_does_not_exist(string user, bool removed)
    {
        var source = await FinishAsync(TwoTools());
        var worker = Worker(TwoTools());
        if (removed)
        {
            await RemoveAsync(worker, source);
        }

        await Assert.ThrowsAsync<NotFoundException>(() => Forking(worker).ForkAsync(
            _agents.Caller(user), source.Id, new ForkRun(1, null), null, TimeSpan.Zero, CancellationToken.None));
    }

    [Fact]
    public async Task Agent_that_is_no_longer_shared_is_not_run_by_a_fork()
    {
        await _agents.PutAsync("carol", "helper");
        await _agents.ShareAsync("carol", "helper", "alice");
        var source = await FinishAsync(TwoTools(), start: run => run with { AgentId = _agents.SharedId("carol", "helper") });

        await ForkAsync(new ScriptedModels(Says("Hi.")), source, new ForkRun(1, null));
        await _agents.UnshareAsync("carol", "helper", "alice");

        await Assert.ThrowsAsync<ForbiddenException>(() => ForkAsync(new ScriptedModels(Says("Hi.")), source, new ForkRun(1, null)));
    }

    [Fact]
    public async Task Agent_that_blocks_personal_data_refuses_it_in_the_forks_input()
    {
        var source = await FinishAsync(TwoTools(), agent => agent with { Redaction = RedactionMode.Block });

        var refused = await Assert.ThrowsAsync<InvalidRequestException>(
            () => ForkAsync(new ScriptedModels(Says("Hi.")), source, new ForkRun(1, "Write to ada@example.com.")));

        Assert.Equal(["input"], refused.Errors.Keys);
    }

    [Fact]
    public async Task Fork_with_another_input_may_be_mended_once_more()
    {
        var source = await FinishAsync(
            new ScriptedModels(Says("no JSON"), Says("""{"total":1}""")), agent => agent with { ResponseSchema = StructuredOutputTests.Schema });

        var fork = await ForkAsync(new ScriptedModels(Says("no JSON"), Says("""{"total":2}""")), source, new ForkRun(3, "And now?"));

        Assert.Equal((RunStatus.Completed, 4, """{"total":2}"""), (fork.Run.Status, fork.Run.Turns, fork.Run.Output));
    }

    [Fact]
    public async Task Crash_of_the_forks_driver_repeats_nothing_that_was_taken_over()
    {
        var source = await FinishAsync(TwoTools());
        var dying = Worker(new ScriptedModels(Calls(("post", new { text = "new" })), Fails(new InvalidOperationException("the process dies"))));
        var fork = await StartForkAsync(dying, source, new ForkRun(3, null));
        await Assert.ThrowsAsync<InvalidOperationException>(() => dying.AdvanceAsync(fork));

        var models = new ScriptedModels(Says("Done."));
        var ended = await Worker(models).FinishAsync(fork);

        Assert.Equal((RunStatus.Completed, 4, 2), (ended.Status, ended.Turns, ended.Usage.ModelCalls));
        Assert.Equal(3, _tools.Calls.Count);
        Assert.Single(models.Prompts);
    }

    private Caller Alice => _agents.Caller("alice");

    private DriverFixture Worker(ScriptedModels models) => new(azurite, models, _tools, _agents.Scope("alice").Owner);

    private async Task<Run> FinishAsync(
        ScriptedModels models, Func<AgentDefinition, AgentDefinition>? change = null, Func<Run, Run>? start = null)
    {
        var worker = Worker(models);
        worker.Agent = change?.Invoke(worker.Agent) ?? worker.Agent;
        return await worker.FinishAsync(await worker.StartAsync(start));
    }

    private async Task<(Run Run, IReadOnlyList<JournalEntry> Entries)> ForkAsync(ScriptedModels models, Run source, ForkRun request)
    {
        var worker = Worker(models);
        return await worker.LoadAsync(await worker.FinishAsync(await StartForkAsync(worker, source, request)));
    }

    private async Task<Run> StartForkAsync(DriverFixture worker, Run source, ForkRun request) =>
        (await Forking(worker).ForkAsync(Alice, source.Id, request, null, TimeSpan.Zero, CancellationToken.None)).Run;

    private RunForking Forking(DriverFixture worker)
    {
        var runs = new RunService(
            _agents.Service, worker.Store, worker.Lists, worker.ConversationQueue, worker.Callbacks.Rules, worker.Quotas.Companion, worker.RequestDriven, worker.WakeUp,
            worker.Recovery, worker.Backups, worker.Overdue, worker.Scheduler, worker.Options, worker.Time);
        return new RunForking(runs, worker.Store, worker.ConversationQueue, _agents.Service, worker.Time);
    }

    /// <summary>As retention and deletion do, blobs included.</summary>
    private static async Task RemoveAsync(DriverFixture worker, Run run) =>
        await worker.Runs.RemoveAsync(run.Caller.Owner.Partition, run.Id, CancellationToken.None);
}
