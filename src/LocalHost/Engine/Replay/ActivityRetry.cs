using Microsoft.DurableTask;

namespace Yggdrasil.LocalHost.Engine.Replay;

/// <summary>Retries an activity call by durable timers, so that a wait outlives the process.</summary>
internal static class ActivityRetry
{
    public static async Task<string?> RunAsync(
        TaskOrchestrationContext context, RetryPolicy policy, Func<Task<string?>> call)
    {
        var started = context.CurrentUtcDateTime;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call();
            }
            catch (TaskFailedException e) when (
                attempt < policy.MaxNumberOfAttempts
                && e.FailureDetails.ErrorType != typeof(UnknownFunctionException).FullName
                && policy.Retries(e.FailureDetails)
                && IsInTime(context.CurrentUtcDateTime - started, policy.RetryTimeout))
            {
                await context.CreateTimer(Delay(policy, attempt), CancellationToken.None);
            }
        }
    }

    private static bool IsInTime(TimeSpan elapsed, TimeSpan timeout)
        => timeout == Timeout.InfiniteTimeSpan || elapsed < timeout;

    private static TimeSpan Delay(RetryPolicy policy, int failedAttempts)
    {
        var longest = policy.MaxRetryInterval == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : policy.MaxRetryInterval;
        var delay = policy.FirstRetryInterval.TotalMilliseconds * Math.Pow(policy.BackoffCoefficient, failedAttempts - 1);
        return delay < longest.TotalMilliseconds ? TimeSpan.FromMilliseconds(delay) : longest;
    }
}
