namespace Yggdrasil.Load.Measuring;

/// <summary>One run. Times are since the load began.</summary>
/// <param name="Due">When it should have been sent.</param>
/// <param name="Sent">When it was.</param>
/// <param name="Ended">When its caller knew how it ended.</param>
internal sealed record Sample(TimeSpan Due, TimeSpan Sent, TimeSpan Ended, RunOutcome Outcome)
{
    public TimeSpan Latency => Ended - Due;
}
