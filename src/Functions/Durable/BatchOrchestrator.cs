using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Functions.Durable;

/// <summary>Drives one batch, slice by slice, until it has ended. It holds ids and outcomes; items and their states are in tables.</summary>
/// <remarks>
/// <code>
///   AdvanceBatch ──► Finished ──► end
///       ▲      ├───► Missing ──► a timer; given up after half a minute
///       │      ├───► Parked ──► wait for "wake" or a timer ──┐
///       │      ├───► Yielded ─────────────────────────────────┤
///       │      └───► failed for the last time ──► a timer ────┤   (a batch does not fail: its items do)
///       └────────────────────────────────────────────────────┘   (ContinueAsNew every 50 slices)
/// </code>
/// </remarks>
public static class BatchOrchestrator
{
    private const int SlicesPerGeneration = 50;

    /// <summary>How long a batch may stay uncommitted after its orchestration was scheduled.</summary>
    private static readonly TimeSpan MissingPatience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan MissingPause = TimeSpan.FromSeconds(2);

    /// <summary>After as many failures as an activity is retried: storage may be back then.</summary>
    private static readonly TimeSpan FailurePause = TimeSpan.FromMinutes(1);

    /// <summary>A wake-up can be lost, so a parked batch is looked at again after this at the latest.</summary>
    private static readonly TimeSpan LongestRecheck = TimeSpan.FromMinutes(15);

    [Function(nameof(BatchOrchestrator))]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        var batch = context.GetInput<BatchReference>()!;
        var started = context.CurrentUtcDateTime;

        // One waiter for the whole generation: a second one would leave the first to swallow the next event.
        var wake = context.WaitForExternalEvent<string?>(RunOrchestrator.WakeEvent);
        for (var slice = 0; slice < SlicesPerGeneration; slice++)
        {
            var outcome = await AdvanceAsync(context, batch);
            var now = context.CurrentUtcDateTime;
            switch (outcome.End)
            {
                case BatchSliceEnd.Finished:
                case BatchSliceEnd.Missing when now - started >= MissingPatience:
                    return;
                case BatchSliceEnd.Missing:
                    await context.CreateTimer(MissingPause, CancellationToken.None);
                    break;
                case BatchSliceEnd.Parked:
                    if (await RunOrchestrator.WaitAsync(context, wake, Until(outcome, now)))
                    {
                        wake = context.WaitForExternalEvent<string?>(RunOrchestrator.WakeEvent);
                    }

                    break;
                case BatchSliceEnd.Yielded:
                    break;
                default:
                    throw new InvalidOperationException($"Unknown outcome {outcome.End}.");
            }
        }

        context.ContinueAsNew(batch, preserveUnprocessedEvents: true);
    }

    private static async Task<BatchOutcome> AdvanceAsync(TaskOrchestrationContext context, BatchReference batch)
    {
        try
        {
            return await context.CallActivityAsync<BatchOutcome>(nameof(BatchActivities.AdvanceBatch), batch, RetryPolicies.Slice);
        }
        catch (TaskFailedException)
        {
            return new BatchOutcome(BatchSliceEnd.Parked, context.CurrentUtcDateTime + FailurePause);
        }
    }

    private static DateTimeOffset Until(BatchOutcome outcome, DateTimeOffset now) =>
        outcome.Until < now + LongestRecheck ? outcome.Until.Value : now + LongestRecheck;
}
