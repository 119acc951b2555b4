using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Functions.Durable;

/// <summary>Drives one run, slice by slice, until it has ended. It holds ids and outcomes; what happened is in the journal.</summary>
/// <remarks>
/// <code>
///   AdvanceRun ──► Finished, Superseded ──► end
///       ▲    ├───► Missing ──► as Parked; given up after ten minutes ┐
///       │    ├───► Parked ──► wait for "wake" or a timer ────────────┤  (for a slot: then ContinueAsNew)
///       │    ├───► Distributed ──► RunTool × n ──────────────────────┤  (those without a slot once more)
///       │    ├───► Yielded ──────────────────────────────────────────┤
///       │    └───► failed for the last time ──► FailRun, in place ───┤
///       │          of the slice; fails too ──► as Parked ────────────┤
///       └────────────────────────────────────────────────────────────┘  (ContinueAsNew every 50 slices)
/// </code>
/// </remarks>
public static class RunOrchestrator
{
    public const string WakeEvent = "wake";

    /// <summary>Keeps the history of a long run, and so each replay of it, short.</summary>
    private const int SlicesPerGeneration = 50;

    /// <summary>How often calls that found no slot are asked for, before a slice looks whether they are still to be made.</summary>
    private const int ToolRounds = 5;

    /// <summary>Between two of these, unless the run is called before.</summary>
    private static readonly TimeSpan ToolPause = TimeSpan.FromSeconds(15);

    /// <summary>Between two looks at first; half as much again each time, up to a minute.</summary>
    private static readonly TimeSpan MissingPause = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LongestMissingPause = TimeSpan.FromMinutes(1);

    /// <summary>A wake-up can be lost, so a parked run is looked at again after 1 minute, then 2, 4, 8, and every 15.</summary>
    private static readonly TimeSpan FirstRecheck = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LongestRecheck = TimeSpan.FromMinutes(15);

    [Function(nameof(RunOrchestrator))]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        var run = context.GetInput<RunReference>()!;
        var started = context.CurrentUtcDateTime;
        var recheck = FirstRecheck;
        var missing = MissingPause;

        // One waiter for the whole generation: a second one would leave the first to swallow the next event.
        var wake = context.WaitForExternalEvent<string?>(WakeEvent);
        for (var slice = 0; slice < SlicesPerGeneration; slice++)
        {
            var outcome = await AdvanceAsync(context, run);
            if (outcome is { End: SliceEnd.Distributed, CallIds: { } callIds })
            {
                (outcome, wake) = await RunToolsAsync(context, run, callIds, wake);
            }

            var now = context.CurrentUtcDateTime;
            switch (outcome.End)
            {
                case SliceEnd.Finished or SliceEnd.Superseded:
                case SliceEnd.Missing when now - started >= LateStarts.Patience:
                    return;
                case SliceEnd.Missing:
                    if (await WaitAsync(context, wake, now + missing))
                    {
                        wake = context.WaitForExternalEvent<string?>(WakeEvent);
                    }

                    missing = Shorter(missing * 1.5, LongestMissingPause);
                    break;
                case SliceEnd.Parked:
                    if (await WaitAsync(context, wake, Earlier(outcome.Until, now + recheck)))
                    {
                        wake = context.WaitForExternalEvent<string?>(WakeEvent);
                    }

                    if (outcome.MayRepeat)
                    {
                        context.ContinueAsNew(run, preserveUnprocessedEvents: true);
                        return;
                    }

                    recheck = Shorter(recheck * 2, LongestRecheck);
                    continue;
                case SliceEnd.Yielded:
                    break;
                default:
                    throw new InvalidOperationException($"Unknown outcome {outcome.End}.");
            }

            recheck = FirstRecheck;
        }

        context.ContinueAsNew(run, preserveUnprocessedEvents: true);
    }

    private static async Task<SliceOutcome> AdvanceAsync(TaskOrchestrationContext context, RunReference run)
    {
        try
        {
            return await context.CallActivityAsync<SliceOutcome>(
                nameof(RunActivities.AdvanceRun), new AdvanceRunInput(run.Partition, run.RunId, context.InstanceId), RetryPolicies.Slice);
        }
        catch (TaskFailedException failure)
        {
            return await FailAsync(context, run, failure);
        }
    }

    /// <returns>What to do next: to go on, unless calls could not be made; and the event to wait for.</returns>
    private static async Task<(SliceOutcome Outcome, Task<string?> Wake)> RunToolsAsync(
        TaskOrchestrationContext context, RunReference run, IReadOnlyList<string> callIds, Task<string?> wake)
    {
        try
        {
            for (var round = 0; round < ToolRounds && callIds.Count > 0; round++)
            {
                var made = await Task.WhenAll(callIds.Select(callId => context.CallActivityAsync<bool?>(
                    nameof(RunActivities.RunTool), new RunToolInput(run.Partition, run.RunId, callId, context.InstanceId), RetryPolicies.Slice)));
                callIds = [.. callIds.Where((_, index) => made[index] == false)];
                if (callIds.Count > 0 && await WaitAsync(context, wake, context.CurrentUtcDateTime + ToolPause))
                {
                    wake = context.WaitForExternalEvent<string?>(WakeEvent);
                }
            }

            return (new SliceOutcome(SliceEnd.Yielded), wake);
        }
        catch (TaskFailedException failure)
        {
            return (await FailAsync(context, run, failure), wake);
        }
    }

    private static async Task<SliceOutcome> FailAsync(TaskOrchestrationContext context, RunReference run, TaskFailedException failure)
    {
        try
        {
            return await context.CallActivityAsync<SliceOutcome>(
                nameof(RunActivities.FailRun),
                new FailRunInput(run.Partition, run.RunId, SliceFailedException.ErrorIdOf(failure.FailureDetails.ErrorMessage)),
                RetryPolicies.Failure);
        }
        catch (TaskFailedException)
        {
            // Storage has been away for longer than an hour. An orchestration that ends now leaves a run that nobody drives.
            return new SliceOutcome(SliceEnd.Parked);
        }
    }

    /// <returns>Whether the event came, rather than the time.</returns>
    internal static async Task<bool> WaitAsync(TaskOrchestrationContext context, Task wake, DateTimeOffset until)
    {
        using var timeout = new CancellationTokenSource();
        var timer = context.CreateTimer(until.UtcDateTime, timeout.Token);
        var woken = await Task.WhenAny(wake, timer) == wake;
        if (woken)
        {
            // Not CancelAsync: it goes on from the thread pool, where an orchestrator must never be.
            timeout.Cancel();
        }

        return woken;
    }

    private static DateTimeOffset Earlier(DateTimeOffset? one, DateTimeOffset other) => one < other ? one.Value : other;

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
