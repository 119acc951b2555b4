using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Yggdrasil.Runs.Callbacks;

namespace Yggdrasil.Functions.Durable;

/// <summary>Delivers one callback: tries, waits, tries again. What is sent, to whom and how it went is in the row it is about.</summary>
public static class CallbackOrchestrator
{
    /// <summary>A backstop only: the sender gives up long before.</summary>
    private const int MaxAttempts = 20;

    /// <summary>Storage was gone for as long as an activity is retried: it may be back then.</summary>
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMinutes(30);

    [Function(nameof(CallbackOrchestrator))]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        var callback = context.GetInput<CallbackReference>()!;
        for (var attempt = callback.Attempt; attempt <= MaxAttempts; attempt++)
        {
            if (await AttemptAsync(context, callback, attempt) is not var (pause, isDeferred))
            {
                return;
            }

            await context.CreateTimer(pause, CancellationToken.None);
            if (isDeferred)
            {
                // That may happen often, so it must not add to the history.
                context.ContinueAsNew(callback with { Attempt = attempt });
                return;
            }
        }
    }

    /// <returns>When to try again, and whether this was no attempt; null when there is nothing left to do.</returns>
    private static async Task<(TimeSpan Pause, bool IsDeferred)?> AttemptAsync(TaskOrchestrationContext context, CallbackReference callback, int attempt)
    {
        try
        {
            var outcome = await context.CallActivityAsync<CallbackOutcome>(
                nameof(CallbackActivities.SendCallback),
                new SendCallbackInput(callback.Partition, callback.Row, callback.MessageId, attempt),
                RetryPolicies.Slice);
            return outcome.RetryAfterSeconds is { } seconds ? (TimeSpan.FromSeconds(seconds), outcome.IsDeferred) : null;
        }
        catch (TaskFailedException)
        {
            return (PauseAfterFailure, false);
        }
    }
}
