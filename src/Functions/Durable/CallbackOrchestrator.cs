using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Yggdrasil.Notifications.Callbacks;

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
        var callback = context.GetInput<CallbackTicket>()!;
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            if (await AttemptAsync(context, callback, attempt) is not { } pause)
            {
                return;
            }

            await context.CreateTimer(pause, CancellationToken.None);
        }
    }

    /// <returns>When to try again; null when there is nothing left to do.</returns>
    private static async Task<TimeSpan?> AttemptAsync(TaskOrchestrationContext context, CallbackTicket callback, int attempt)
    {
        try
        {
            var outcome = await context.CallActivityAsync<CallbackOutcome>(
                nameof(CallbackActivities.SendCallback),
                new SendCallbackInput(callback.Partition, callback.Row, callback.MessageId, attempt),
                RetryPolicies.Slice);
            return outcome.RetryAfterSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        }
        catch (TaskFailedException)
        {
            return PauseAfterFailure;
        }
    }
}
