using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Runs.Telemetry;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Loop;

/// <summary>The tool calls of one answer, in three stages: gates in order, execution side by side, results recorded.</summary>
/// <remarks>
/// Within a slice, and so an invocation of a function, no call begins once the slice is over: 32 calls of ten minutes each, eight at a
/// time, would outlast what the host lets one invocation take.
/// </remarks>
internal sealed class ToolStep(ToolGates gates, ToolExecutor executor, ApprovalRequests approvals, RunOptions options, TimeProvider time)
{
    /// <summary>Calls of one turn made at the same time.</summary>
    public const int MaxParallelCalls = 8;

    /// <summary>
    /// How long a finished call waits for its siblings so that they share a transaction. Longer than most tools take, far
    /// shorter than anybody wants to lose.
    /// </summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50);

    /// <summary>Loads what the tools are that the run's model is told of.</summary>
    public ValueTask PrepareAsync(IRunJournal journal, Slice slice) => gates.PrepareAsync(journal.Run, toCall: null, slice.Stop);

    /// <returns>The outcome that ends the slice, or null when every call has its result.</returns>
    public async Task<SliceOutcome?> RunAsync(IRunJournal journal, IReadOnlyList<PendingCall> calls, Slice slice)
    {
        await gates.PrepareAsync(journal.Run, calls.Select(call => call.Content.Name), slice.Stop);
        var now = time.GetUtcNow();
        var judged = (await Task.WhenAll(calls.Select(async call =>
            (Call: call, Verdict: await LookAfterAsync(journal, gates.Judge(journal.Run, call, now, canWait: journal.CanWait), slice.Stop))))).ToList();
        if (judged
            .Where(item => item is { Verdict: GateVerdict.AwaitApproval or GateVerdict.AwaitClient, Call.Request: null })
            .Select(item => (item.Call, item.Verdict is GateVerdict.AwaitClient)).ToList() is { Count: > 0 } asked)
        {
            await approvals.AskAsync(journal, asked, slice.Lost);
        }

        await ExecuteAsync(journal, judged, slice);

        if (judged.Where(item => item.Verdict is GateVerdict.Distribute).Select(item => item.Call.CallId).ToList() is { Count: > 0 } distributed)
        {
            return SliceOutcome.Distributed(distributed);
        }

        var pending = journal.Transcript.PendingCalls.Select(call => call.CallId).ToHashSet();
        return judged.Exists(item => item.Verdict is GateVerdict.Execute && pending.Contains(item.Call.CallId))
            ? SliceOutcome.Yielded
            : Rest(journal.Run, judged);
    }

    /// <returns>The outcome where something has to be waited for; null where nothing has.</returns>
    private static SliceOutcome? Rest(Run run, List<(PendingCall Call, GateVerdict Verdict)> judged)
    {
        // Whatever comes first is a reason to look again: an earlier attempt's end, or the time up to which a call waits for somebody outside.
        var attempts = judged.Select(item => (item.Verdict as GateVerdict.Wait)?.Until).Max();
        var awaited = judged.Where(item => item.Verdict is GateVerdict.AwaitApproval or GateVerdict.AwaitClient).Select(item => item.Call.CallId).ToHashSet();
        var decisions = run.Awaited
            .Where(pending => awaited.Contains(pending.CallId)).Select(pending => (DateTimeOffset?)pending.ExpiresAt).Min();
        DateTimeOffset? children = judged.Exists(item => item.Verdict is GateVerdict.AwaitChild) ? run.Deadline : null;
        return ((DateTimeOffset?[])[attempts, decisions, children]).Min() is { } until
            ? SliceOutcome.Parked(until < run.Deadline ? until : run.Deadline)
            : null;
    }

    /// <summary>Makes one distributed call, within the activity that it is.</summary>
    /// <returns>The run that the call is, where it is one: recorded, and to be started now.</returns>
    public async Task<DelegatedCall?> RunAsActivityAsync(IRunJournal journal, PendingCall call, Slice slice)
    {
        RunSpans.Enter(journal);
        await gates.PrepareAsync(journal.Run, [call.Content.Name], slice.Stop);
        var verdict = gates.Judge(journal.Run, call, time.GetUtcNow(), asActivity: true);
        if (verdict is not GateVerdict.Delegate delegated)
        {
            await ExecuteAsync(journal, [(call, verdict)], slice);
            return null;
        }

        if (call.Intent is null)
        {
            await journal.CommitAsync(journal.Run, [ChildIntent(call, journal.Run)], slice.Lost);
        }

        return new DelegatedCall(journal.Run, call.CallId, delegated.AgentId, delegated.Input);
    }

    /// <summary>Of a call that another run answers, whether that has ended. One that is not there was never started, for a crash came first.</summary>
    private static async Task<GateVerdict> LookAfterAsync(IRunJournal journal, GateVerdict verdict, CancellationToken cancellationToken)
    {
        if (verdict is not GateVerdict.AwaitChild { ChildRun: var id })
        {
            return verdict;
        }

        return await journal.FindChildAsync(id, cancellationToken) switch
        {
            (null, false) => new GateVerdict.Distribute(),
            (null, true) => new GateVerdict.Answered(new ToolResult(StepStatus.Failed, "The agent's run was deleted before its answer was seen.")),
            ({ IsTerminal: true } child, _) => new GateVerdict.Answered(ResultOf(child)),
            _ => verdict,
        };
    }

    private static ToolResult ResultOf(Run child) => child.Status == RunStatus.Completed
        ? new ToolResult(StepStatus.Completed, ToolExecutor.Sanitise(child.Output ?? ""))
        : new ToolResult(StepStatus.Failed, $"The agent did not finish: {child.Status.ToString().ToLowerInvariant()} ({JsonNamingPolicy.SnakeCaseLower.ConvertName($"{child.StopReason}")}).");

    private async Task ExecuteAsync(IRunJournal journal, List<(PendingCall Call, GateVerdict Verdict)> judged, Slice slice)
    {
        // An intent says that its call has begun, so it must not be written long before: where not all calls of a turn can
        // run at once, they go in waves.
        var size = judged.Count(item => NeedsIntent(item.Verdict)) > MaxParallelCalls ? MaxParallelCalls : judged.Count;
        foreach (var wave in judged.Chunk(Math.Max(size, 1)))
        {
            slice.Stop.ThrowIfCancellationRequested();
            if (slice.IsOver)
            {
                return;
            }

            await ExecuteWaveAsync(journal, wave, slice);
        }
    }

    private static bool NeedsIntent(GateVerdict verdict) => verdict is GateVerdict.Execute { Tool.Idempotent: false };

    private async Task ExecuteWaveAsync(
        IRunJournal journal, IReadOnlyList<(PendingCall Call, GateVerdict Verdict)> judged, Slice slice)
    {
        var intents = judged
            .Where(item => NeedsIntent(item.Verdict))
            .Select(item => Intent(item.Call, ((GateVerdict.Execute)item.Verdict).Tool, journal.Run))
            .ToList();
        if (intents.Count > 0)
        {
            await journal.CommitAsync(journal.Run, intents, slice.Lost);
        }

        // Those with an intent first: they have begun as far as the journal says, so none of them waits for a slot.
        using var slots = new SemaphoreSlim(MaxParallelCalls);
        var running = judged
            .OrderBy(item => NeedsIntent(item.Verdict) ? 0 : 1)
            .Where(item => item.Verdict is GateVerdict.Refuse or GateVerdict.Deny or GateVerdict.OutcomeUnknown or GateVerdict.Answered or GateVerdict.Execute)
            .Select(item => SettleAsync(journal, item.Call, item.Verdict, slots, slice))
            .ToList();
        try
        {
            await RecordAsync(journal, running, slice);
        }
        catch
        {
            // Nothing of this run may go on once its driver has stopped.
            slice.Abandon();
            await ((Task)Task.WhenAll(running)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        slice.Stop.ThrowIfCancellationRequested();
    }

    /// <summary>Records results as they come, those that come together in one transaction.</summary>
    private async Task RecordAsync(IRunJournal journal, List<Task<JournalEntry?>> running, Slice slice)
    {
        while (running.Count > 0)
        {
            await Task.WhenAny(running);
            if (running.Exists(task => !task.IsCompleted))
            {
                await Task.WhenAny(Task.WhenAll(running), Task.Delay(Gathering, time, slice.Lost));
            }

            var finished = running.FindAll(task => task.IsCompleted);
            running.RemoveAll(finished.Contains);
            foreach (var results in (await Task.WhenAll(finished)).OfType<JournalEntry>().Chunk(RunStore.MaxEntriesPerCommit))
            {
                var usage = journal.Run.Usage;
                var next = WithoutPending(journal.Run, results) with { Usage = usage with { ToolCalls = usage.ToolCalls + results.Length } };
                await journal.CommitAsync(next, results, slice.Lost);
            }
        }
    }

    /// <summary>A call that was settled without a decision, because its tool changed or went, waits for none any more.</summary>
    private static Run WithoutPending(Run run, JournalEntry[] results) =>
        run.Awaited.Any(pending => results.Any(result => result.CallId == pending.CallId))
            ? run with { Awaited = [.. run.Awaited.Where(pending => results.All(result => result.CallId != pending.CallId))] }
            : run;

    /// <returns>The call's entry, or null when it was given up before it had a result, or is left to the next slice.</returns>
    private async Task<JournalEntry?> SettleAsync(IRunJournal journal, PendingCall call, GateVerdict verdict, SemaphoreSlim slots, Slice slice)
    {
        var startedAt = time.GetUtcNow();
        var started = time.GetTimestamp();
        var child = call.Intent is { ChildRun: not null } intent ? intent : null;
        ToolResult? made;
        try
        {
            made = verdict switch
            {
                GateVerdict.Refuse refused => new ToolResult(StepStatus.Refused, refused.Reason),
                GateVerdict.Deny denied => new ToolResult(StepStatus.Denied, denied.Reason),
                GateVerdict.Answered answered => answered.Result,
                GateVerdict.OutcomeUnknown => new ToolResult(StepStatus.Unknown, ToolExecutor.UnknownOutcome),
                GateVerdict.Execute { Edited: true } edited => TellOfEdit(await MakeAsync(journal, call, edited, slots, slice)),
                GateVerdict.Execute execute => await MakeAsync(journal, call, execute, slots, slice),
                _ => throw new InvalidOperationException($"A call judged {verdict.GetType().Name} has no result yet."),
            };
        }
        catch (OperationCanceledException) when (slice.Stop.IsCancellationRequested)
        {
            return null;
        }

        return made is not { } result ? null : new JournalEntry
        {
            Kind = EntryKind.Tool,
            Turn = call.Turn,
            CallId = call.CallId,

            // The name of a tool that does not exist is words of the model: content, and of any length. It is in the answer.
            Name = gates.Knows(journal.Run, call.Content.Name) ? call.Content.Name : null,
            Status = result.Status,
            StartedAt = child?.StartedAt ?? startedAt,
            Duration = child is null ? time.GetElapsedTime(started) : startedAt - child.StartedAt,
            ChildRun = child?.ChildRun,
            Messages = [new ChatMessage(ChatRole.Tool, [new FunctionResultContent(call.Content.CallId, result.Text)])],
        };
    }

    /// <returns>Null when the slice was over before the call could begin.</returns>
    private async Task<ToolResult?> MakeAsync(IRunJournal journal, PendingCall call, GateVerdict.Execute execute, SemaphoreSlim slots, Slice slice)
    {
        // A call that must not be repeated is not given up at shutdown: it has its timeout, and its result is worth the wait.
        // Once the run is cancelled no further call begins, of whichever kind.
        using var noSlot = CancellationTokenSource.CreateLinkedTokenSource(execute.Tool.Idempotent ? slice.Stop : slice.Lost, slice.Cancelled);
        await slots.WaitAsync(noSlot.Token);
        try
        {
            if (slice.IsOver && !NeedsIntent(execute))
            {
                return null;
            }

            journal.Live.ToolStarted(call.Turn, call.CallId, execute.Tool.Name);
            var run = journal.Run;
            var context = new ToolContext { RunId = run.Id, CallId = call.CallId, Caller = run.Caller, Deadline = run.Deadline, Skills = run.Agent.Skills };
            return await RunSpans.ExecuteToolAsync(run, call, execute.Tool, () => execute.Tool.Idempotent
                ? executor.ExecuteAsync(execute.Tool, execute.Arguments, context, CancellationToken.None, slice.Stop)
                : executor.ExecuteAsync(execute.Tool, execute.Arguments, context, slice.Cancelled, slice.Lost));
        }
        finally
        {
            slots.Release();
        }
    }

    /// <summary>The model sees its own arguments beside the result, so it has to learn that these were not the ones used.</summary>
    private static ToolResult? TellOfEdit(ToolResult? result) =>
        result is null ? null : result with { Text = $"[A human changed the arguments of this call before it was made.]\n{result.Text}" };

    private JournalEntry Intent(PendingCall call, AgentTool tool, Run run) => new()
    {
        Kind = EntryKind.Intent,
        Turn = call.Turn,
        CallId = call.CallId,
        Name = tool.Name,
        StartedAt = time.GetUtcNow(),
        Epoch = run.Epoch,
        UnknownAfter = time.GetUtcNow() + tool.Timeout + options.Lease,
    };

    private JournalEntry ChildIntent(PendingCall call, Run run) => new()
    {
        Kind = EntryKind.Intent,
        Turn = call.Turn,
        CallId = call.CallId,
        Name = call.Content.Name,
        StartedAt = time.GetUtcNow(),
        Epoch = run.Epoch,
        ChildRun = DelegatedCall.ChildOf(run, call.CallId),
    };
}
