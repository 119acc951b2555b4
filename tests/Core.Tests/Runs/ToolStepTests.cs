using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

/// <summary>Many calls of one answer, and a slice that is over before all of them have begun.</summary>
public sealed class ToolStepTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData("echo")]
    [InlineData("post")]
    public async Task Calls_that_the_slice_has_no_time_for_are_left_to_the_next_one(string tool)
    {
        var loop = Loop(Enumerable.Repeat(tool, 20));
        var answer = new TaskCompletionSource<string>();
        loop.Tools.Behave = (_, _) => answer.Task;
        var running = loop.RunAsync();
        await Poll.UntilAsync(() => loop.Tools.Calls.Count == ToolStep.MaxParallelCalls);
        loop.Time.Advance(Budget);
        answer.SetResult("made");

        var outcome = await running;

        Assert.Equal(SliceEnd.Yielded, outcome.End);
        Assert.Equal((8, 8), (loop.Tools.Calls.Count, loop.ToolEntries.Count()));
        Assert.Equal(tool == "post" ? 8 : 0, loop.Entries.Count(entry => entry.Kind == EntryKind.Intent));
        Assert.Equal(SliceEnd.Finished, (await loop.GoOnAsync()).End);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"t1c{i}").Order(), loop.Tools.Calls.Select(call => call.CallId).Order());
        Assert.All(loop.ToolEntries, entry => Assert.Equal(StepStatus.Completed, entry.Status));
    }

    [Fact]
    public async Task Calls_that_the_journal_says_have_begun_do_begin_before_all_others()
    {
        var loop = Loop([.. Enumerable.Repeat("echo", 12), .. Enumerable.Repeat("post", 4)]);
        var answer = new TaskCompletionSource<string>();
        loop.Tools.Behave = (_, _) => answer.Task;
        var running = loop.RunAsync();
        await Poll.UntilAsync(() => loop.Tools.Calls.Count == ToolStep.MaxParallelCalls);
        loop.Time.Advance(Budget);
        answer.SetResult("made");
        await running;

        var begun = loop.Entries.Where(entry => entry.Kind == EntryKind.Intent).Select(entry => entry.CallId!).ToList();
        Assert.Equal(["t1c12", "t1c13", "t1c14", "t1c15"], begun);
        Assert.Equal(8, loop.Tools.Calls.Count);
        Assert.Subset(loop.Tools.Calls.Select(call => call.CallId).ToHashSet(), begun.ToHashSet());
    }

    [Fact]
    public async Task Attempt_that_may_outlast_the_deadline_is_waited_for_until_then_only()
    {
        var loop = Loop([]);
        loop.Begin(run => run with { Deadline = run.CreatedAt.AddSeconds(20) });
        var arguments = new Dictionary<string, object?> { ["text"] = "x" };
        await loop.Journal!.CommitAsync(
            loop.Run with { Turns = 1 },
            [
                new() { Kind = EntryKind.Model, Turn = 1, Messages = [new ChatMessage(ChatRole.Assistant, [new FunctionCallContent("c", "post", arguments)])] },
                new() { Kind = EntryKind.Intent, Turn = 1, CallId = "t1c0", UnknownAfter = loop.Time.GetUtcNow().AddSeconds(60) },
            ],
            CancellationToken.None);

        var outcome = await loop.GoOnAsync();

        Assert.Equal((SliceEnd.Parked, loop.Run.Deadline), (outcome.End, outcome.Until));
    }

    private static LoopFixture Loop(IEnumerable<string> tools)
    {
        var loop = new LoopFixture(new ScriptedModels(Calls([.. tools.Select(tool => (tool, (object)new { text = "x" }))]), Says("Done."))) { SliceBudget = Budget };
        loop.Agent = loop.Agent with { MaxToolCalls = 50 };
        return loop;
    }
}
