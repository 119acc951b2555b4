using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Models;
using Yggdrasil.Models.Failures;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

public sealed class AgentLoopTests
{
    [Fact]
    public async Task Answer_without_tool_calls_completes_the_run()
    {
        var models = new ScriptedModels(Says("Hi."));
        var loop = new LoopFixture(models);

        var outcome = await loop.RunAsync();

        Assert.Equal(SliceEnd.Finished, outcome.End);
        Assert.Equal((RunStatus.Completed, StopReason.Completed, "Hi."), (loop.Run.Status, loop.Run.StopReason, loop.Run.Output));
        Assert.Equal(new RunUsage(10, 5, 1), loop.Run.Usage);
        Assert.Equal(["scripted:one"], loop.Run.ServedBy);
    }

    [Fact]
    public async Task Tool_results_reach_the_model_in_call_order_under_our_ids()
    {
        var models = new ScriptedModels(Calls(("echo", new { text = "slow" }), ("echo", new { text = "fast" })), Says("Done."));
        var loop = new LoopFixture(models);
        var slow = new TaskCompletionSource<string>();
        loop.Tools.Behave = (text, _) => text == "slow" ? slow.Task : Task.FromResult("fast");
        var running = loop.RunAsync();
        await Poll.UntilAsync(() => loop.Tools.Calls.Count == 2);
        await Poll.UntilAsync(() =>
        {
            // The fast call waits a moment for its sibling, from some time on.
            loop.Time.Advance(TimeSpan.FromMilliseconds(10));
            return loop.ToolEntries.Any();
        });
        slow.SetResult("slow");
        await running;

        Assert.Equal(["t1c1", "t1c0"], loop.ToolEntries.Select(entry => entry.CallId));
        var results = models.Prompts[1].SelectMany(message => message.Contents).OfType<FunctionResultContent>().ToList();
        Assert.Equal(["slow", "fast"], results.Select(result => result.Result?.ToString()));
        var calls = models.Prompts[1].SelectMany(message => message.Contents).OfType<FunctionCallContent>();
        Assert.Equal(calls.Select(call => call.CallId), results.Select(result => result.CallId));
        Assert.Equal([$"{loop.Run.Id}:t1c0", $"{loop.Run.Id}:t1c1"], loop.Tools.Calls.Select(call => call.IdempotencyKey).Order());
    }

    [Fact]
    public async Task Run_stays_with_the_model_that_answered_last()
    {
        var models = new ScriptedModels(
            _ => Task.FromResult(Served("scripted:two", EchoCall(1))),
            _ => Task.FromResult(Served("scripted:one", EchoCall(2))),
            _ => Task.FromResult(Served("scripted:two", new TextContent("Done."))));
        var loop = new LoopFixture(models);

        await loop.RunAsync();

        Assert.Equal([null, new ModelId("scripted", "two"), new ModelId("scripted", "one")], models.Preferred);
        Assert.Equal(["scripted:one", "scripted:two"], loop.Run.ServedBy);

        static FunctionCallContent EchoCall(int turn) => new($"c{turn}", "echo", new Dictionary<string, object?> { ["text"] = "x" });

        static ChatResponse Served(string server, AIContent content)
        {
            var response = Response(content);
            response.ModelId = server;
            return response;
        }
    }

    [Fact]
    public async Task Instructions_and_offered_tools_reach_the_model()
    {
        var models = new ScriptedModels(Says("Hi."));
        var loop = new LoopFixture(models);
        loop.Agent = loop.Agent with { Instructions = "Be brief.", Tools = ["echo", "secret"], Temperature = 0.5f, MaxOutputTokens = 7 };

        await loop.RunAsync();

        Assert.Equal((ChatRole.System, "Be brief."), (models.Prompts[0][0].Role, models.Prompts[0][0].Text));
        Assert.Equal(["echo"], models.Options[0]!.Tools!.Select(tool => tool.Name));
        Assert.Equal((0.5f, 7), (models.Options[0]!.Temperature, models.Options[0]!.MaxOutputTokens));
    }

    [Theory]
    [InlineData("missing", "There is no tool \"missing\"")]
    [InlineData("Echo", "There is no tool \"Echo\"")]
    [InlineData("secret", "There is no tool \"secret\"")]
    public async Task Tool_that_the_agent_or_caller_may_not_use_is_refused_to_the_model(string name, string message)
    {
        var loop = new LoopFixture(new ScriptedModels(Calls((name, new { text = "x" })), Says("Done.")));
        loop.Agent = loop.Agent with { Tools = ["echo", "secret"] };

        await loop.RunAsync();

        var entry = Assert.Single(loop.ToolEntries);
        Assert.Equal(StepStatus.Refused, entry.Status);
        Assert.Contains(message, Result(entry));
        Assert.Empty(loop.Tools.Calls);
        Assert.Equal(StopReason.Completed, loop.Run.StopReason);
    }

    [Fact]
    public async Task Call_that_needs_approval_waits_while_the_others_of_its_turn_are_made()
    {
        var loop = new LoopFixture(new ScriptedModels(Calls(("echo", new { text = "x" }), ("post", new { text = "y" })), Says("Done.")));
        loop.Agent = loop.Agent with { Approvals = ["post"] };

        var outcome = await loop.RunAsync();

        var pending = Assert.Single(loop.Run.PendingApprovals);
        Assert.Equal((SliceEnd.Parked, pending.ExpiresAt), (outcome.End, outcome.Until!.Value));
        Assert.Equal(("t1c1", "post", "y"), (pending.CallId, pending.Tool, pending.Arguments.GetProperty("text").GetString()));
        Assert.Equal("t1c0", Assert.Single(loop.Tools.Calls).CallId);
        Assert.Equal("t1c1", Assert.Single(loop.Entries, entry => entry.Kind == EntryKind.ApprovalRequested).CallId);
    }

    [Fact]
    public async Task Call_that_needs_approval_is_refused_where_nobody_can_be_waited_for()
    {
        var loop = new LoopFixture(new ScriptedModels(Calls(("echo", new { text = "x" })), Says("Done."))) { CanWait = false };
        loop.Agent = loop.Agent with { Approvals = ["echo"] };

        await loop.RunAsync();

        Assert.Equal(StepStatus.Refused, Assert.Single(loop.ToolEntries).Status);
        Assert.Equal(StopReason.Completed, loop.Run.StopReason);
        Assert.Empty(loop.Tools.Calls);
    }

    [Fact]
    public async Task Arguments_against_the_schema_are_refused_by_name()
    {
        var loop = new LoopFixture(new ScriptedModels(Calls(("echo", new { text = 5, extra = true })), Says("Done.")));

        await loop.RunAsync();

        var entry = Assert.Single(loop.ToolEntries);
        Assert.Equal(StepStatus.Refused, entry.Status);
        Assert.Contains("text", Result(entry));
        Assert.Contains("extra", Result(entry));
        Assert.Empty(loop.Tools.Calls);
    }

    [Fact]
    public async Task Arguments_that_are_not_json_are_refused()
    {
        var broken = new FunctionCallContent("p", "echo") { Exception = new System.Text.Json.JsonException("bad") };
        var loop = new LoopFixture(new ScriptedModels(_ => Task.FromResult(Response(broken)), Says("Done.")));

        await loop.RunAsync();

        Assert.Contains("not a JSON object", Result(Assert.Single(loop.ToolEntries)));
        Assert.Empty(loop.Tools.Calls);
    }

    [Fact]
    public async Task Failing_tool_tells_the_model_an_id_and_nothing_else()
    {
        var loop = new LoopFixture(new ScriptedModels(Calls(("echo", new { text = "x" })), Says("Done.")));
        loop.Tools.Behave = (_, _) => throw new InvalidOperationException("canary-connection-string");

        await loop.RunAsync();

        var entry = Assert.Single(loop.ToolEntries);
        Assert.Equal(StepStatus.Failed, entry.Status);
        Assert.Matches(@"^The tool failed \(err_[0-9a-z]+\)\.$", Result(entry));
        Assert.Equal(StopReason.Completed, loop.Run.StopReason);
    }

    [Fact]
    public async Task Tool_exception_is_shown_to_the_model()
    {
        var loop = new LoopFixture(new ScriptedModels(Calls(("echo", new { text = "x" })), Says("Done.")));
        loop.Tools.Behave = (_, _) => throw new ToolException("No such order.");

        await loop.RunAsync();

        Assert.Equal("No such order.", Result(Assert.Single(loop.ToolEntries)));
    }

    [Theory]
    [InlineData("echo", StepStatus.Failed, "did not answer within 5 s")]
    [InlineData("post", StepStatus.Unknown, "outcome of this call is unknown")]
    public async Task Tool_that_hangs_is_given_up_at_its_timeout(string tool, object status, string message)
    {
        var loop = new LoopFixture(new ScriptedModels(Calls((tool, new { text = "x" })), Says("Done.")));
        loop.Tools.Behave = (_, _) => new TaskCompletionSource<string>().Task;

        var running = loop.RunAsync();
        await Poll.UntilAsync(() => loop.Tools.Calls.Count == 1);
        loop.Time.Advance(TimeSpan.FromSeconds(5));
        await running;

        var entry = Assert.Single(loop.ToolEntries);
        Assert.Equal(status, entry.Status);
        Assert.Contains(message, Result(entry));
    }

    [Fact]
    public async Task Call_that_is_not_idempotent_is_announced_before_it_is_made()
    {
        var loop = new LoopFixture(new ScriptedModels(Calls(("post", new { text = "x" })), Says("Done.")));
        var announced = false;
        loop.Tools.Behave = (_, _) =>
        {
            announced = loop.Entries.Any(entry => entry.Kind == EntryKind.Intent && entry.CallId == "t1c0");
            return Task.FromResult("ok");
        };

        await loop.RunAsync();

        Assert.True(announced);
        Assert.Equal([EntryKind.Model, EntryKind.Intent, EntryKind.Tool, EntryKind.Model], loop.Entries.Select(entry => entry.Kind));
    }

    [Fact]
    public async Task Model_that_loops_for_ever_ends_at_max_turns_with_its_last_text()
    {
        var loop = new LoopFixture(new ScriptedModels(_ => Task.FromResult(Response(
            new TextContent("Still thinking."), new FunctionCallContent("p", "echo", new Dictionary<string, object?> { ["text"] = "x" })))));
        loop.Agent = loop.Agent with { MaxTurns = 3 };

        await loop.RunAsync();

        Assert.Equal((RunStatus.Completed, StopReason.MaxTurns, "Still thinking."), (loop.Run.Status, loop.Run.StopReason, loop.Run.Output));
        Assert.Equal(3, loop.Run.Turns);
        Assert.Equal(2, loop.Tools.Calls.Count);
    }

    [Fact]
    public async Task Turn_that_would_exceed_the_call_budget_is_not_begun()
    {
        var loop = new LoopFixture(new ScriptedModels(Calls(("echo", new { text = "1" }), ("echo", new { text = "2" }))));
        loop.Agent = loop.Agent with { MaxToolCalls = 3 };

        await loop.RunAsync();

        Assert.Equal((RunStatus.Completed, StopReason.MaxToolCalls), (loop.Run.Status, loop.Run.StopReason));
        Assert.Equal(2, loop.Run.Usage.ToolCalls);
        Assert.Equal(2, loop.Tools.Calls.Count);
    }

    [Fact]
    public async Task Fifty_parallel_calls_all_get_results_eight_at_a_time()
    {
        var loop = new LoopFixture(new ScriptedModels(Calls([.. Enumerable.Range(0, 50).Select(i => ("echo", (object)new { text = $"{i}" }))]), Says("Done.")));
        int running = 0, most = 0;
        loop.Tools.Behave = async (text, _) =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref running));
            await Task.Yield();
            Interlocked.Decrement(ref running);
            return text;
        };

        await loop.RunAsync();

        Assert.Equal(StopReason.Completed, loop.Run.StopReason);
        Assert.Equal(50, loop.ToolEntries.Count());
        Assert.InRange(most, 1, ToolStep.MaxParallelCalls);
    }

    [Fact]
    public async Task Empty_answer_is_asked_for_once_more_and_then_fails_by_name()
    {
        var models = new ScriptedModels(_ => Task.FromResult(Response()), _ => Task.FromResult(Response(new TextReasoningContent("hm"))));
        var loop = new LoopFixture(models);

        await loop.RunAsync();

        Assert.Equal((StopReason.ProviderError, "empty_answer", null), (loop.Run.StopReason, loop.Run.Error?.Code, loop.Run.Output));
        Assert.Equal(2, models.Prompts.Count);
    }

    [Fact]
    public async Task Provider_failure_fails_the_run_with_its_code()
    {
        var failure = new ProviderException("provider_unavailable", FailureClass.NextProvider, "openai does not answer.");
        var loop = new LoopFixture(new ScriptedModels(Fails(failure)));

        await loop.RunAsync();

        Assert.Equal((RunStatus.Failed, StopReason.ProviderError), (loop.Run.Status, loop.Run.StopReason));
        Assert.Equal(new RunError("provider_unavailable", "openai does not answer."), loop.Run.Error);
    }

    [Fact]
    public async Task Content_filter_fails_the_run_under_its_own_reason()
    {
        var loop = new LoopFixture(new ScriptedModels(_ =>
        {
            var response = Response(new TextContent(""));
            response.FinishReason = ChatFinishReason.ContentFilter;
            return Task.FromResult(response);
        }));

        await loop.RunAsync();

        Assert.Equal((RunStatus.Failed, StopReason.ContentFilter, "content_filter"), (loop.Run.Status, loop.Run.StopReason, loop.Run.Error!.Code));
    }

    [Fact]
    public async Task Answer_that_a_content_filter_stopped_is_counted_and_shown_to_nobody()
    {
        var loop = new LoopFixture(new ScriptedModels(
            _ => Task.FromResult(Response(new TextContent("Let me see."), EchoCall())),
            _ =>
            {
                var response = Response(new TextContent("Something unspeakable"), EchoCall());
                response.FinishReason = ChatFinishReason.ContentFilter;
                return Task.FromResult(response);
            }));

        await loop.RunAsync();

        Assert.Equal((StopReason.ContentFilter, "Let me see.", 2), (loop.Run.StopReason, loop.Run.Output, loop.Run.Turns));
        Assert.Equal(new RunUsage(20, 10, 2, 1), loop.Run.Usage);
        var stopped = loop.Entries[^1];
        Assert.Equal((EntryKind.Model, 2, StepStatus.Failed, 10L, 5L), (stopped.Kind, stopped.Turn, stopped.Status, stopped.InputTokens, stopped.OutputTokens));
        Assert.Empty(stopped.Messages);
        Assert.Single(loop.Tools.Calls);

        static FunctionCallContent EchoCall() => new("c", "echo", new Dictionary<string, object?> { ["text"] = "x" });
    }

    [Fact]
    public async Task Unexpected_failure_is_left_to_the_driver()
    {
        var loop = new LoopFixture(new ScriptedModels(Fails(new InvalidOperationException("bug"))));

        await Assert.ThrowsAsync<InvalidOperationException>(() => loop.RunAsync());
        Assert.False(loop.Run.IsTerminal);
    }

    [Fact]
    public async Task Deadline_that_has_passed_expires_the_run_without_a_call()
    {
        var models = new ScriptedModels(Says("Hi."));
        var loop = new LoopFixture(models);

        await loop.RunAsync(run => run with { Deadline = run.CreatedAt });

        Assert.Equal((RunStatus.Expired, StopReason.Deadline), (loop.Run.Status, loop.Run.StopReason));
        Assert.Empty(models.Prompts);
    }

    [Fact]
    public async Task Distributed_calls_are_handed_out_after_the_others_are_made()
    {
        var loop = new LoopFixture(new ScriptedModels(Calls(("far", new { text = "a" }), ("echo", new { text = "b" })), Says("Done.")));

        var outcome = await loop.RunAsync();

        Assert.Equal(SliceEnd.Distributed, outcome.End);
        Assert.Equal(["t1c0"], outcome.CallIds);
        Assert.Equal("t1c1", Assert.Single(loop.ToolEntries).CallId);
    }

    [Fact]
    public async Task Long_result_is_cut_before_the_model_sees_it()
    {
        var loop = new LoopFixture(new ScriptedModels(Calls(("echo", new { text = "x" })), Says("Done.")));
        loop.Tools.Behave = (_, _) => Task.FromResult(new string('a', 20_000) + "\0");

        await loop.RunAsync();

        var result = Result(Assert.Single(loop.ToolEntries));
        Assert.StartsWith(new string('a', 16 * 1024) + "\n[cut: the first 16384 of 20001 characters]", result);
    }

    private static string Result(JournalEntry entry) =>
        Assert.IsType<FunctionResultContent>(Assert.Single(Assert.Single(entry.Messages).Contents)).Result!.ToString()!;

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }
}
