using CsCheck;
using Yggdrasil.Limits;

namespace Yggdrasil.Tests.Limits;

public sealed class RateBucketTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Full_bucket_gives_its_limit_at_once_and_then_one_by_one()
    {
        var bucket = default(RateBucket);
        for (var i = 0; i < 6; i++)
        {
            Assert.True(bucket.HasRoom(Noon, 6));
            bucket = bucket.Take(Noon, 6);
        }

        Assert.False(bucket.HasRoom(Noon, 6));
        Assert.Equal((0, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1)), (bucket.Remaining(Noon, 6), bucket.UntilNext(Noon, 6), bucket.UntilFull(Noon, 6)));
        Assert.False(bucket.HasRoom(Noon + TimeSpan.FromSeconds(9.9), 6));
        Assert.True(bucket.HasRoom(Noon + TimeSpan.FromSeconds(10), 6));
    }

    [Fact]
    public void Clock_that_runs_backwards_brings_nothing_back()
    {
        var bucket = default(RateBucket).Take(Noon, 2).Take(Noon - TimeSpan.FromHours(1), 2);

        Assert.False(bucket.HasRoom(Noon - TimeSpan.FromHours(1), 2));
        Assert.Equal(Noon, bucket.At);
    }

    [Fact]
    public void Raised_limit_holds_at_once()
    {
        var bucket = default(RateBucket).Take(Noon, 1);

        Assert.False(bucket.HasRoom(Noon, 1));
        Assert.Equal(9, bucket.Remaining(Noon, 10));
    }

    [Fact]
    public void What_remains_can_be_taken_and_no_more() => Gen.Select(Gen.Int[1, 60_000], Gen.Int[0, 100], Gen.Double[0, 120]).Sample((rate, taken, seconds) =>
    {
        var bucket = default(RateBucket);
        for (var i = 0; i < Math.Min(taken, rate); i++)
        {
            bucket = bucket.Take(Noon, rate);
        }

        var now = Noon + TimeSpan.FromSeconds(seconds);
        var remaining = bucket.Remaining(now, rate);
        for (var i = 0; i < Math.Min(remaining, 200); i++)
        {
            Assert.True(bucket.HasRoom(now, rate));
            bucket = bucket.Take(now, rate);
        }

        Assert.Equal(remaining > 200, bucket.HasRoom(now, rate));
        Assert.True(bucket.HasRoom(now + bucket.UntilNext(now, rate) + TimeSpan.FromMilliseconds(1), rate));
    });
}
