using Yggdrasil.Models.Failures;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Loop;

/// <summary>How long a run waits because every model of its agent asked for patience.</summary>
internal static class ProviderWait
{
    /// <summary>What is shorter has been waited for while the call was made, and was of no use.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5);

    /// <summary>When the run is to ask again.</summary>
    /// <returns>Null when it is not to wait: no model said when, or that is after the run's deadline.</returns>
    public static DateTimeOffset? Until(Run run, ProviderException failure, DateTimeOffset now) =>
        failure is { Failure: not FailureClass.Stop, RetryAfter: { } hint } && hint >= Shortest && hint < run.Deadline - now ? now + hint : null;
}
