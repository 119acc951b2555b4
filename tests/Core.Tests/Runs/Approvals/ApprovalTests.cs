using System.Text.Json;
using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs.Approvals;

/// <summary>From the question to what comes of the answer, over real storage.</summary>
[Collection(RunsAzurite.Name)]
public sealed class ApprovalTests(AzuriteFixture azurite)
{
    private readonly TestTools _tools = new();
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Approved_call_is_made_and_its_journal_says_who_when_and_why()
    {
        var worker = Worker(Calls(("post", new { text = "a" })), Says("Done."));
        var (run, pending) = await WaitingAsync(worker);
        Assert.Empty(_tools.Calls);

        await DecideAsync(worker, run, pending, ApprovalOutcome.Approve, reason: "fine");
        Assert.Equal(run.Driver, Assert.Single(worker.Scheduler.Woken));
        var ended = await worker.FinishAsync(run);
        var (_, entries) = await worker.LoadAsync(run);

        Assert.Equal(
            [EntryKind.Input, EntryKind.Model, EntryKind.ApprovalRequested, EntryKind.ApprovalDecided, EntryKind.Intent, EntryKind.Tool, EntryKind.Model],
            entries.Select(entry => entry.Kind));
        Assert.Equal(Enumerable.Range(0, 7).Select(i => (long)i), entries.Select(entry => entry.Sequence));
        var decision = entries[3].Decision!;
        Assert.Equal((ApprovalOutcome.Approve, _owner.User, "fine"), (decision.Outcome, decision.By, decision.Reason));
        Assert.Equal(("Done.", "t1c0"), (ended.Output, Assert.Single(_tools.Calls).CallId));
        Assert.Empty(ended.PendingApprovals);
    }

    [Theory]
    [InlineData("because", "Reason: because")]
    [InlineData(null, "A human denied this call")]
    public async Task Denied_call_is_not_made_and_the_model_is_told_why(string? reason, string told)
    {
        var models = new ScriptedModels(Calls(("post", new { text = "a" })), Says("Then not."));
        var worker = Worker(models);
        var (run, pending) = await WaitingAsync(worker);

        await DecideAsync(worker, run, pending, ApprovalOutcome.Deny, reason);
        var ended = await worker.FinishAsync(run);

        Assert.Equal((RunStatus.Completed, "Then not."), (ended.Status, ended.Output));
        Assert.Empty(_tools.Calls);
        Assert.Contains(told, Assert.Single(models.Prompts[1].SelectMany(message => message.Contents).OfType<FunctionResultContent>()).Result!.ToString(), StringComparison.Ordinal);
        Assert.Equal(StepStatus.Denied, Assert.Single((await worker.LoadAsync(run)).Entries, entry => entry.Kind == EntryKind.Tool).Status);
    }

    [Fact]
    public async Task Replaced_arguments_are_what_the_tool_gets_and_the_model_learns_of_it()
    {
        var models = new ScriptedModels(Calls(("post", new { text = "risky" })), Says("Done."));
        var worker = Worker(models);
        var (run, pending) = await WaitingAsync(worker);

        await DecideAsync(worker, run, pending, ApprovalOutcome.Approve, arguments: """{"text":"harmless"}""");
        await worker.FinishAsync(run);

        var result = Assert.Single(models.Prompts[1].SelectMany(message => message.Contents).OfType<FunctionResultContent>()).Result!.ToString()!;
        Assert.EndsWith("echo harmless", result, StringComparison.Ordinal);
        Assert.Contains("changed the arguments", result, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"text":5}""", "text")]
    [InlineData("""{}""", "text")]
    [InlineData("""{"text":"a","sudo":true}""", "sudo")]
    public async Task Replaced_arguments_pass_the_schema_or_are_refused_by_name(string arguments, string named)
    {
        var worker = Worker(Calls(("post", new { text = "a" })), Says("Done."));
        var (run, pending) = await WaitingAsync(worker);

        var refused = await Assert.ThrowsAsync<InvalidRequestException>(
            () => DecideAsync(worker, run, pending, ApprovalOutcome.Approve, arguments: arguments));

        Assert.Contains(named, string.Concat(refused.Errors["arguments"]), StringComparison.Ordinal);
        Assert.Equal(SliceEnd.Parked, (await worker.AdvanceAsync(run)).End);
    }

    [Fact]
    public async Task Several_calls_wait_at_once_and_each_is_decided_by_itself()
    {
        var worker = Worker(Calls(("post", new { text = "a" }), ("post", new { text = "b" }), ("echo", new { text = "c" }), ("post", new { text = "d" })), Says("Done."));
        var (run, _) = await WaitingAsync(worker);
        Assert.Equal("t1c2", Assert.Single(_tools.Calls).CallId);
        var pending = (await worker.LoadAsync(run)).Run.PendingApprovals;
        Assert.Equal(["t1c0", "t1c1", "t1c3"], pending.Select(call => call.CallId));

        await DecideAsync(worker, run, pending[2], ApprovalOutcome.Approve);
        await worker.AdvanceAsync(run);
        Assert.Equal(["t1c0", "t1c1"], (await worker.LoadAsync(run)).Run.PendingApprovals.Select(call => call.CallId));
        Assert.Equal(RunStatus.Waiting, (await worker.LoadAsync(run)).Run.Status);
        await DecideAsync(worker, run, pending[0], ApprovalOutcome.Deny);
        await DecideAsync(worker, run, pending[1], ApprovalOutcome.Approve);
        await worker.FinishAsync(run);

        Assert.Equal(["t1c1", "t1c2", "t1c3"], _tools.Calls.Select(call => call.CallId).Order());
    }

    [Fact]
    public async Task More_calls_than_one_transaction_takes_are_asked_about_and_decided()
    {
        const int Many = 120;
        var worker = Worker(Calls([.. Enumerable.Range(0, Many).Select(i => ("echo", (object)new { text = $"{i}" }))]), Says("Done."));
        worker.Agent = worker.Agent with { Approvals = ["echo"], MaxToolCalls = 500 };
        var (run, _) = await WaitingAsync(worker);
        var pending = (await worker.LoadAsync(run)).Run.PendingApprovals;
        Assert.Equal(Many, pending.Count);

        await Task.WhenAll(pending.Chunk(10).Select(async part =>
        {
            foreach (var call in part)
            {
                await DecideAsync(worker, run, call, ApprovalOutcome.Approve);
            }
        }));
        var ended = await worker.FinishAsync(run);

        Assert.Equal((Many, Many), (_tools.Calls.Count, ended.Usage.ToolCalls));
    }

    [Fact]
    public async Task First_decision_wins_the_same_again_is_accepted_and_another_refused()
    {
        var worker = Worker(Calls(("post", new { text = "a" })), Says("Done."));
        var (run, pending) = await WaitingAsync(worker);

        await DecideAsync(worker, run, pending, ApprovalOutcome.Approve, "first");
        await DecideAsync(worker, run, pending, ApprovalOutcome.Approve, "again");
        await Assert.ThrowsAsync<ConflictException>(() => DecideAsync(worker, run, pending, ApprovalOutcome.Deny));
        await Assert.ThrowsAsync<ConflictException>(() => DecideAsync(worker, run, pending, ApprovalOutcome.Approve, arguments: """{"text":"b"}"""));
        await worker.FinishAsync(run);
        await DecideAsync(worker, run, pending, ApprovalOutcome.Approve, "after the end");
        await Assert.ThrowsAsync<ConflictException>(() => DecideAsync(worker, run, pending, ApprovalOutcome.Deny));

        var decision = Assert.Single((await worker.LoadAsync(run)).Entries, entry => entry.Kind == EntryKind.ApprovalDecided).Decision!;
        Assert.Equal("first", decision.Reason);
    }

    [Fact]
    public async Task Deciders_at_the_same_moment_leave_one_decision()
    {
        var worker = Worker(Calls(("post", new { text = "a" })), Says("Done."));
        var (run, pending) = await WaitingAsync(worker);

        var decided = await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
        {
            try
            {
                await DecideAsync(worker, run, pending, i % 2 == 0 ? ApprovalOutcome.Approve : ApprovalOutcome.Deny);
                return true;
            }
            catch (ConflictException)
            {
                return false;
            }
        }));
        await worker.FinishAsync(run);

        Assert.Equal(5, decided.Count(accepted => accepted));
        Assert.Equal((await worker.LoadAsync(run)).Run.Decisions[0].Outcome == ApprovalOutcome.Approve ? 1 : 0, _tools.Calls.Count);
    }

    [Fact]
    public async Task Decision_names_a_pending_call_with_the_arguments_it_was_shown()
    {
        var worker = Worker(Calls(("post", new { text = "a" }), ("post", new { text = "b" })), Says("Done."));
        var (run, pending) = await WaitingAsync(worker);
        var other = (await worker.LoadAsync(run)).Run.PendingApprovals[1];

        await Assert.ThrowsAsync<ConflictException>(() => DecideAsync(worker, run, pending with { ArgumentsHash = other.ArgumentsHash }, ApprovalOutcome.Approve));
        await Assert.ThrowsAsync<NotFoundException>(() => DecideAsync(worker, run, pending with { CallId = "t1c7" }, ApprovalOutcome.Approve));
        await Assert.ThrowsAsync<NotFoundException>(() => DecideAsync(worker, run, pending with { CallId = "0000000001" }, ApprovalOutcome.Approve));
        await Assert.ThrowsAsync<NotFoundException>(() => DecideAsync(worker, run, pending with { CallId = "../t1c0" }, ApprovalOutcome.Approve));
        Assert.Empty(_tools.Calls);
    }

    [Theory]
    [InlineData(ApprovalExpiry.Expire)]
    [InlineData(ApprovalExpiry.Deny)]
    public async Task Expiry_ends_the_run_or_denies_the_call_as_its_agent_says(object onExpired)
    {
        var worker = Worker(Calls(("post", new { text = "a" })), Says("Then not."));
        worker.Agent = worker.Agent with { OnApprovalExpired = (ApprovalExpiry)onExpired };
        worker.Approvals.ExpireMinutes = 0.5;
        var (run, pending) = await WaitingAsync(worker);
        var later = Worker(new ScriptedModels(Says("Then not.")), new ShiftedTime(TimeSpan.FromSeconds(40)));

        await Assert.ThrowsAsync<ConflictException>(() => DecideAsync(later, run, pending, ApprovalOutcome.Approve));
        var ended = await later.FinishAsync(run);
        await Assert.ThrowsAsync<ConflictException>(() => DecideAsync(later, run, pending, ApprovalOutcome.Approve));

        Assert.Equal(
            (ApprovalExpiry)onExpired == ApprovalExpiry.Expire
                ? (RunStatus.Expired, StopReason.ApprovalExpired, null)
                : (RunStatus.Completed, StopReason.Completed, "Then not."),
            (ended.Status, ended.StopReason, ended.Output));
        Assert.Empty(_tools.Calls);
        Assert.Empty(ended.PendingApprovals);
    }

    [Theory]
    [InlineData(ApprovalExpiry.Expire)]
    [InlineData(ApprovalExpiry.Deny)]
    public async Task Decision_that_came_in_time_counts_though_its_driver_looks_only_after_the_expiry(object onExpired)
    {
        var worker = Worker(Calls(("post", new { text = "a" })), Says("Done."));
        worker.Agent = worker.Agent with { OnApprovalExpired = (ApprovalExpiry)onExpired };
        worker.Approvals.ExpireMinutes = 0.5;
        var (run, pending) = await WaitingAsync(worker);
        var later = Worker(new ScriptedModels(Says("Done.")), new ShiftedTime(TimeSpan.FromSeconds(40)));

        // In the last moment: between the driver's reading of the run and its commit.
        var decided = false;
        later.Requests.OnRequest = () =>
        {
            if (!decided && later.Requests.Count > 1)
            {
                decided = true;
                DecideAsync(worker, run, pending, ApprovalOutcome.Approve).GetAwaiter().GetResult();
            }
        };
        var ended = await later.FinishAsync(run);

        Assert.True(decided);
        Assert.Equal("Done.", ended.Output);
        Assert.Single(_tools.Calls);
    }

    [Fact]
    public async Task Waiting_ends_with_the_runs_deadline_at_the_latest()
    {
        var worker = Worker(Calls(("post", new { text = "a" })), Says("Done."));
        var run = await worker.StartAsync();
        await worker.AdvanceAsync(run);
        var (waiting, _) = await worker.LoadAsync(run);
        Assert.Equal(run.Deadline, Assert.Single(waiting.PendingApprovals).ExpiresAt);

        var later = Worker(new ScriptedModels(Says("Done.")), new ShiftedTime(TimeSpan.FromHours(2)));

        Assert.Equal((RunStatus.Expired, StopReason.Deadline), ((await later.FinishAsync(run)).Status, (await later.LoadAsync(run)).Run.StopReason));
    }

    [Fact]
    public async Task Waiting_costs_one_request_a_look_and_writes_nothing()
    {
        var worker = Worker(Calls(("post", new { text = "a" })), Says("Done."));
        var (run, _) = await WaitingAsync(worker);
        var version = (await worker.LoadAsync(run)).Run.ETag;
        var before = worker.Requests.Count;

        await worker.AdvanceAsync(run);
        await worker.AdvanceAsync(run);

        Assert.Equal(2, worker.Requests.Count - before);
        Assert.Equal(version, (await worker.LoadAsync(run)).Run.ETag);
    }

    [Fact]
    public async Task Run_that_has_asked_very_often_forgets_its_first_blobs_and_goes_on()
    {
        var worker = Worker(Calls(("post", new { text = new string('x', 50_000) })), Says("Done."));
        var (run, pending) = await WaitingAsync(worker);
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        var first = await worker.Vault.SealAsync(new byte[50_000], new ContentAddress("Work", _owner.Partition, "elsewhere", "x"), CancellationToken.None);
        var names = Enumerable.Range(0, 200).Select(i => $"{_owner.Partition}/{i:D60}").Prepend(System.Text.Encoding.UTF8.GetString(first.AsSpan(1)));
        TableEntity full = new(_owner.Partition, $"run!{run.Id}") { ["ReplacedBlobs"] = string.Join('\n', names) };
        await table.UpdateEntityAsync(full, Azure.ETag.All, TableUpdateMode.Merge);
        var asked = (await table.GetEntityAsync<TableEntity>(_owner.Partition, full.RowKey)).Value.GetBinary("Approvals");

        await DecideAsync(worker, run, pending, ApprovalOutcome.Deny);
        Assert.Equal("Done.", (await worker.FinishAsync(run)).Output);

        var replaced = (await table.GetEntityAsync<TableEntity>(_owner.Partition, full.RowKey)).Value.GetString("ReplacedBlobs");
        Assert.InRange(replaced.Length, 16_000, 16 * 1024);
        Assert.EndsWith(System.Text.Encoding.UTF8.GetString(asked.AsSpan(1)), replaced, StringComparison.Ordinal);
        var container = await worker.Storage.GetContentContainerAsync(CancellationToken.None);
        Assert.False(await container.GetBlobClient(System.Text.Encoding.UTF8.GetString(first.AsSpan(1))).ExistsAsync());
    }

    [Fact]
    public async Task Decision_while_another_call_of_the_turn_is_made_is_taken_up_without_a_wake_up()
    {
        var slow = new TaskCompletionSource<string>();
        _tools.Behave = (text, _) => text == "slow" ? slow.Task : Task.FromResult(text);
        var worker = Worker(Calls(("post", new { text = "a" }), ("echo", new { text = "slow" })), Says("Done."));
        var run = await worker.StartAsync();
        var slice = worker.AdvanceAsync(run);
        await Poll.UntilAsync(() => _tools.Calls.Count == 1);

        await DecideAsync(worker, run, (await worker.LoadAsync(run)).Run.PendingApprovals[0], ApprovalOutcome.Approve);
        slow.SetResult("late");

        Assert.Equal(SliceEnd.Yielded, (await slice).End);
        Assert.Equal("Done.", (await worker.FinishAsync(run)).Output);
    }

    [Fact]
    public async Task Run_that_its_request_drives_is_handed_over_when_it_has_to_wait()
    {
        var worker = Worker(Calls(("post", new { text = "a" })), Says("Done."));
        var now = worker.Time.GetUtcNow();
        var run = await worker.StartAsync(run => run with { Epoch = 1, LeaseUntil = now + worker.Options.Lease, Driver = $"{run.Id}-1" });
        var input = new JournalEntry { Kind = EntryKind.Input, Messages = [new ChatMessage(ChatRole.User, "Hello")] };

        var answered = await worker.RequestDriven.DriveAsync(run, [input], default, TimeSpan.FromSeconds(1), CancellationToken.None);
        Assert.Equal((RunStatus.Waiting, $"{run.Id}-2"), (answered.Status, answered.Driver));
        await DecideAsync(worker, run, Assert.Single(answered.PendingApprovals), ApprovalOutcome.Approve);

        Assert.Equal("Done.", (await worker.FinishAsync(answered)).Output);
    }

    [Fact]
    public async Task What_is_asked_and_decided_is_stored_only_protected()
    {
        const string Canary = "canary-9b2e";
        var worker = Worker(Calls(("post", new { text = $"{Canary}-asked" })), Says("Done."));
        worker.Agent = worker.Agent with { Approvers = ["role:boss"] };
        var (run, pending) = await WaitingAsync(worker);
        await DecideAsync(worker, run, pending, ApprovalOutcome.Approve, $"{Canary}-reason", $$"""{"text":"{{Canary}}-edited"}""");
        await worker.FinishAsync(run);

        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        List<string> stored = [];
        await foreach (var row in table.QueryAsync<TableEntity>())
        {
            stored.AddRange(row.Select(property => property.Value is byte[] bytes ? System.Text.Encoding.UTF8.GetString(bytes) : $"{property.Value}"));
        }

        Assert.DoesNotContain(stored, value => value.Contains(Canary, StringComparison.Ordinal) || value.Contains(pending.ArgumentsHash, StringComparison.Ordinal));
    }

    private DriverFixture Worker(params Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>[] answers) => Worker(new ScriptedModels(answers));

    private DriverFixture Worker(ScriptedModels models, TimeProvider? time = null)
    {
        var worker = new DriverFixture(azurite, models, _tools, _owner, time: time);
        worker.Agent = worker.Agent with { Approvals = ["post"] };
        return worker;
    }

    /// <summary>A run that waits, and the first call it waits for.</summary>
    private static async Task<(Run Run, PendingApproval Pending)> WaitingAsync(DriverFixture worker)
    {
        var run = await worker.StartAsync();
        var outcome = await worker.AdvanceAsync(run);
        var (waiting, _) = await worker.LoadAsync(run);
        Assert.Equal((SliceEnd.Parked, RunStatus.Waiting), (outcome.End, waiting.Status));
        return (run, waiting.PendingApprovals[0]);
    }

    private static async Task DecideAsync(
        DriverFixture worker, Run run, PendingApproval pending, ApprovalOutcome outcome, string? reason = null, string? arguments = null)
    {
        JsonElement? replacement = arguments is null ? null : JsonSerializer.Deserialize<JsonElement>(arguments);
        await worker.Decisions.DecideAsync(
            worker.Scope, run.Id, pending.CallId, new Decision(outcome, pending.ArgumentsHash, reason, replacement), CancellationToken.None);
    }
}
