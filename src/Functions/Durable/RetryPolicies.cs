using Microsoft.DurableTask;

namespace Yggdrasil.Functions.Durable;

/// <summary>How activities are tried again. A slice resumes from the journal, so a repeat costs only what was not recorded.</summary>
internal static class RetryPolicies
{
    public const int FailureAttempts = 30;

    /// <summary>1 s, 2 s, 4 s, 8 s: about what a restart of storage or of this app takes. Then the run is failed.</summary>
    public static TaskOptions Slice { get; } = TaskOptions.FromRetryPolicy(
        new RetryPolicy(maxNumberOfAttempts: 5, firstRetryInterval: TimeSpan.FromSeconds(1), backoffCoefficient: 2));

    /// <summary>For more than an hour. What cannot be recorded by then is tried again with the run's next slice.</summary>
    public static TaskOptions Failure { get; } = TaskOptions.FromRetryPolicy(
        new RetryPolicy(
            maxNumberOfAttempts: FailureAttempts,
            firstRetryInterval: TimeSpan.FromSeconds(5),
            backoffCoefficient: 1.5,
            maxRetryInterval: TimeSpan.FromMinutes(3)));
}
