using System.Diagnostics;
using Yggdrasil.Foundation;
using Yggdrasil.Models;
using Yggdrasil.Runs.Model;
using Yggdrasil.Telemetry;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Telemetry;

/// <summary>The spans of runs: one trace per run, whichever instances drive it and whatever ends them.</summary>
/// <remarks>
/// <code>
///   request (trace of the caller, or a new one; its context is stored on the run's row)
///     ├─ invoke_agent, epoch 1     ── chat, execute_tool, …     ✝ the process dies: what was exported stays
///     └─ invoke_agent, epoch 2     ── the steps not recorded by then; linked to what made it go on
/// </code>
/// A span is begun where an effect is: steps that are read from the journal make none, so a replay reports nothing as new.
/// </remarks>
internal static class RunSpans
{
    /// <summary>What a run that is being started stores, so that all its slices join the trace; null where nobody traces.</summary>
    /// <remarks>A run that no request starts, but an orchestration's activity, begins a trace of its own.</remarks>
    public static string? BeginTrace()
    {
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C } current)
        {
            return current.Id;
        }

        using var start = Spans.Source.StartActivity("start_run", ActivityKind.Producer);
        return start?.Id;
    }

    /// <summary>Says until the calling method returns that it and what it calls works for a run.</summary>
    public static void Enter(IRunJournal journal)
    {
        var run = journal.Run;
        RunContext.Enter(run.Id, run.AgentId, run.ConversationId, OwnerOf(run), () => journal.Run.Turns);
    }

    /// <summary>A hash of a run's owner, for spans and logs, which never name a user.</summary>
    public static string OwnerOf(Run run) => Ids.OwnerHandle(run.Caller.Owner.Partition);

    /// <summary>Drives a run for a slice, as <c>invoke_agent</c>.</summary>
    public static async Task<SliceOutcome> InvokeAgentAsync(IRunJournal journal, Func<Task<SliceOutcome>> advance)
    {
        Enter(journal);
        var run = journal.Run;
        RunMetrics.SliceBegan(run);
        using var span = Start(run, $"{GenAi.Operations.InvokeAgent} {run.AgentId}", GenAi.Operations.InvokeAgent);
        if (span is not null)
        {
            span.SetTag(GenAi.AgentName, run.AgentId).SetTag(GenAi.AgentVersion, run.AgentVersion).SetTag(Signals.Attributes.Epoch, run.Epoch);
            DescribeModel(span, run.Agent.Model);
        }

        try
        {
            var outcome = await advance();
            RunMetrics.SliceEnded(outcome.End.ToString());
            Describe(span, journal.Run, outcome.End.ToString());
            return outcome;
        }
        catch (OperationCanceledException)
        {
            // The host stops, the deadline has come or the lease was lost: the run goes on, here or elsewhere.
            RunMetrics.SliceEnded(SliceGivenUp);
            Describe(span, journal.Run, SliceGivenUp);
            throw;
        }
        catch (Exception failure)
        {
            RunMetrics.SliceEnded(SliceFailed);
            Describe(span, journal.Run, SliceFailed);
            Spans.Fail(span, failure);
            throw;
        }
    }

    /// <summary>Makes a tool call, as <c>execute_tool</c>.</summary>
    public static async Task<ToolResult> ExecuteToolAsync(Run run, PendingCall call, AgentTool tool, Func<Task<ToolResult>> execute)
    {
        using var span = Start(run, $"{GenAi.Operations.ExecuteTool} {tool.Name}", GenAi.Operations.ExecuteTool);
        span?.SetTag(GenAi.ToolName, tool.Name).SetTag(GenAi.ToolCallId, call.CallId).SetTag(GenAi.ToolType, "function")
            .SetTag(Signals.Attributes.Turn, call.Turn);
        var started = Stopwatch.GetTimestamp();
        try
        {
            var result = await execute();
            RunMetrics.ToolCalled(tool.Name, result.Status, Stopwatch.GetElapsedTime(started));
            span?.SetTag(Signals.Attributes.ToolStatus, result.Status.ToString());
            if (result.Status != StepStatus.Completed)
            {
                span?.SetTag(GenAi.ErrorType, result.Status.ToString()).SetStatus(ActivityStatusCode.Error);
            }

            return result;
        }
        catch (OperationCanceledException)
        {
            span?.SetTag(Signals.Attributes.ToolStatus, SliceGivenUp);
            throw;
        }
    }

    private const string SliceGivenUp = "GivenUp";
    private const string SliceFailed = "Failed";

    /// <remarks>
    /// Within a span of the same run it is a child of that. Otherwise it joins the trace that the run began in, and what made
    /// the run go on - the invocation of an activity, a request that resumes it - is linked.
    /// </remarks>
    private static Activity? Start(Run run, string name, string operation)
    {
        var ambient = Activity.Current;
        var isOwn = ambient?.Source.Name == Signals.Source && ambient.GetTagItem(Signals.Attributes.RunId) as string == run.Id;
        var span = isOwn || !ActivityContext.TryParse(run.TraceParent, traceState: null, isRemote: true, out var parent)
            ? Spans.Source.StartActivity(name)
            : Spans.Source.StartActivity(name, ActivityKind.Internal, parent, links: LinksTo(ambient, parent));
        return span?
            .SetTag(GenAi.OperationName, operation)
            .SetTag(GenAi.AgentId, run.AgentId)
            .SetTag(GenAi.ConversationId, run.ConversationId)
            .SetTag(Signals.Attributes.RunId, run.Id)
            .SetTag(Signals.Attributes.Owner, OwnerOf(run));
    }

    private static ActivityLink[] LinksTo(Activity? ambient, ActivityContext parent) =>
        ambient is { IdFormat: ActivityIdFormat.W3C } && ambient.TraceId != parent.TraceId ? [new ActivityLink(ambient.Context)] : [];

    private static void DescribeModel(Activity span, string model)
    {
        if (ModelId.TryParse(model, out var id))
        {
            span.SetTag(GenAi.ProviderName, GenAi.ProviderNameOf(id.Provider)).SetTag(GenAi.RequestModel, id.Model);
        }
    }

    private static void Describe(Activity? span, Run run, string end)
    {
        if (span is null)
        {
            return;
        }

        span.SetTag(Signals.Attributes.SliceEnd, end).SetTag(Signals.Attributes.Turn, run.Turns)
            .SetTag(Signals.Attributes.RunStatus, run.Status.ToString());
        if (run.StopReason is { } reason)
        {
            span.SetTag(Signals.Attributes.StopReason, reason.ToString());
        }

        if (run.Status == RunStatus.Failed)
        {
            span.SetTag(GenAi.ErrorType, run.Error?.Code ?? run.StopReason?.ToString()).SetStatus(ActivityStatusCode.Error);
        }
    }
}
