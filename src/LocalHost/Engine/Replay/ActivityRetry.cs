using DurableTask.Core;
using Microsoft.DurableTask;
using CoreTaskFailedException = DurableTask.Core.Exceptions.TaskFailedException;
using RetryPolicy = Microsoft.DurableTask.RetryPolicy;

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
                && policy.Handle(AsCore(e))
                && IsInTime(context.CurrentUtcDateTime - started, policy.RetryTimeout))
            {
                await context.CreateTimer(Delay(policy, attempt), CancellationToken.None);
            }
        }
    }

    /// <summary>The failure as the policy expects it: its HandleFailure is called with what the genuine engine throws.</summary>
    private static CoreTaskFailedException AsCore(TaskFailedException failure) =>
        new(failure.FailureDetails.ErrorMessage) { FailureDetails = Core(failure.FailureDetails) };

    private static FailureDetails Core(TaskFailureDetails details) => new(
        details.ErrorType,
        details.ErrorMessage,
        details.StackTrace,
        details.InnerFailure is { } inner ? Core(inner) : null,
        isNonRetriable: false);

    private static bool IsInTime(TimeSpan elapsed, TimeSpan timeout)
        => timeout == Timeout.InfiniteTimeSpan || elapsed < timeout;

    private static TimeSpan Delay(RetryPolicy policy, int failedAttempts)
    {
        var longest = policy.MaxRetryInterval == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : policy.MaxRetryInterval;
        var delay = policy.FirstRetryInterval.TotalMilliseconds * Math.Pow(policy.BackoffCoefficient, failedAttempts - 1);
        return delay < longest.TotalMilliseconds ? TimeSpan.FromMilliseconds(delay) : longest;
    }
}
