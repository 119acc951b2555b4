namespace Yggdrasil.Runs.Callbacks;

/// <summary>When a callback that failed is tried again: nine attempts within a day.</summary>
internal static class CallbackRetries
{
    /// <summary>Nothing is sent later than this after the first attempt was due.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromHours(24);

    /// <summary>What a receiver may ask for with <c>Retry-After</c>, at most.</summary>
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(8);

    private static readonly TimeSpan[] Pauses =
    [
        TimeSpan.FromSeconds(5),
        TimeSpan.FromSeconds(30),
        TimeSpan.FromMinutes(2),
        TimeSpan.FromMinutes(10),
        TimeSpan.FromHours(1),
        TimeSpan.FromHours(4),
        TimeSpan.FromHours(8),
        TimeSpan.FromHours(8),
    ];

    /// <param name="attempt">The attempt that failed, from 1.</param>
    /// <param name="asked">What the receiver asked for, if it did; never less than planned.</param>
    /// <param name="jitter">0 to 1: up to a tenth is added, so that receivers that come back are not asked by all at once.</param>
    /// <returns>Null when there is no further attempt.</returns>
    public static TimeSpan? Next(int attempt, TimeSpan? asked, double jitter)
    {
        if (attempt > Pauses.Length)
        {
            return null;
        }

        var planned = Pauses[attempt - 1];
        var wanted = asked is { } pause && pause > planned ? Min(pause, Max(LongestRetryAfter, planned)) : planned;
        return wanted * (1 + (jitter / 10));
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
