using Yggdrasil.Runs.Callbacks;

namespace Yggdrasil.Tests.Notifications.Callbacks;

public sealed class CallbackRetriesTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void All_attempts_are_within_a_day(double jitter)
    {
        List<TimeSpan> pauses = [];
        while (CallbackRetries.Next(pauses.Count + 1, asked: null, jitter) is { } pause)
        {
            pauses.Add(pause);
        }

        Assert.Equal(8, pauses.Count);
        Assert.Equal(pauses.Order(), pauses);
        Assert.InRange(pauses.Aggregate(TimeSpan.Zero, (sum, pause) => sum + pause), TimeSpan.FromHours(20), CallbackRetries.Patience);
    }

    [Theory]
    [InlineData(1, 3, 5)]
    [InlineData(1, 600, 600)]
    [InlineData(5, 600, 3_600)]
    [InlineData(1, 1_000_000, 28_800)]
    public void Receiver_may_ask_for_more_patience_within_bounds_and_never_for_less(int attempt, int asked, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), CallbackRetries.Next(attempt, TimeSpan.FromSeconds(asked), jitter: 0));
}
