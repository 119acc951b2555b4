using System.Diagnostics;
using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Telemetry;
using Yggdrasil.Telemetry;
using Yggdrasil.Tests.Runs;

namespace Yggdrasil.Tests.Telemetry;

public sealed class RunSpansTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string TraceParent = $"00-{Trace}-b7ad6b7169203331-01";

    [Fact]
    public async Task Slice_joins_the_trace_that_its_run_began_in_and_links_what_drives_it()
    {
        using var spans = new RecordedSpans();
        using var activity = new Activity("the activity that drives it").Start();
        var fixture = new LoopFixture(new ScriptedModels(_ => Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, "Hi.")))));

        await fixture.RunAsync(run => run with { TraceParent = TraceParent, Epoch = 2 });

        var slice = Assert.Single(spans.Of(fixture.Run.Id), span => span.DisplayName == "invoke_agent agent");
        Assert.Equal((Trace, "b7ad6b7169203331"), ($"{slice.TraceId}", $"{slice.ParentSpanId}"));
        Assert.Equal(activity.TraceId, Assert.Single(slice.Links).Context.TraceId);
        Assert.Equal(
            (2, "Completed", "agent"),
            (slice.GetTagItem(Signals.Attributes.Epoch), slice.GetTagItem(Signals.Attributes.RunStatus), slice.GetTagItem(GenAi.AgentName)));
    }

    [Fact]
    public async Task Tool_call_is_a_child_of_its_slice_and_says_how_it_came_out()
    {
        using var spans = new RecordedSpans();
        var fixture = new LoopFixture(new ScriptedModels(
            _ => Task.FromResult(Calls("echo")), _ => Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, "Hi.")))));

        await fixture.RunAsync(run => run with { TraceParent = TraceParent });

        var slice = Assert.Single(spans.Of(fixture.Run.Id), span => span.DisplayName == "invoke_agent agent");
        var tool = Assert.Single(spans.Of(fixture.Run.Id), span => span.DisplayName == "execute_tool echo");
        Assert.Equal((slice.SpanId, slice.TraceId), (tool.ParentSpanId, tool.TraceId));
        Assert.Equal(
            ("t1c0", "Completed", ActivityStatusCode.Unset),
            (tool.GetTagItem(GenAi.ToolCallId), tool.GetTagItem(Signals.Attributes.ToolStatus), tool.Status));
    }

    [Fact]
    public async Task Slice_that_throws_says_the_kind_of_failure_and_not_its_message()
    {
        using var spans = new RecordedSpans();
        var fixture = new LoopFixture(new ScriptedModels(_ => throw new InvalidOperationException("a secret")));

        await Assert.ThrowsAsync<InvalidOperationException>(() => fixture.RunAsync());

        var slice = Assert.Single(spans.Of(fixture.Run.Id));
        Assert.Equal(
            (ActivityStatusCode.Error, null, typeof(InvalidOperationException).FullName),
            (slice.Status, slice.StatusDescription, slice.GetTagItem(GenAi.ErrorType)));
    }

    [Fact]
    public void Owner_is_a_hash()
    {
        var run = LoopFixture.NewRun(new AgentDefinition { Model = "scripted:one" }, DateTimeOffset.UtcNow);

        Assert.DoesNotContain("alice", RunSpans.OwnerOf(run), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(RunSpans.OwnerOf(run), RunSpans.OwnerOf(run with { Id = Ids.NewRun() }));
    }

    private static ChatResponse Calls(string tool) => new(new ChatMessage(
        ChatRole.Assistant, [new FunctionCallContent("c1", tool, new Dictionary<string, object?> { ["text"] = "x" })]));
}
