using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Runs.Events;

namespace Yggdrasil.Tests.Runs.Events;

public sealed class TextBatchTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly RecordedLiveEvents _live = new();
    private readonly TextBatch _batch;

    public TextBatchTests() => _batch = new TextBatch(_live, turn: 2, _time);

    public void Dispose() => _batch.Dispose();

    [Fact]
    public void First_piece_goes_out_at_once_and_what_follows_in_a_tenth_of_a_second()
    {
        _batch.Add("One ");
        _batch.Add("two ");
        _batch.Add("three ");
        Assert.Equal(["2: One "], _live.Told);
        _time.Advance(TextBatch.Interval);
        Assert.Equal(["2: One ", "2: two three "], _live.Told);
        _time.Advance(TextBatch.Interval);
        _batch.Add("four");

        Assert.Equal(["2: One ", "2: two three ", "2: four"], _live.Told);
    }

    [Fact]
    public void End_leaves_nothing_held_back()
    {
        _batch.Add("One ");
        _batch.Add("two");
        _batch.Flush();
        _time.Advance(TextBatch.Interval);

        Assert.Equal(["2: One ", "2: two"], _live.Told);
    }

    [Fact]
    public void Restart_drops_what_is_held_back_and_tells_who_was_told_something()
    {
        _batch.Restart();
        _batch.Add("One ");
        _batch.Add("two ");
        _batch.Restart();
        _batch.Add("Uno ");
        _batch.Flush();

        Assert.Equal(["2: One ", "2: restarted", "2: Uno "], _live.Told);
    }

    [Fact]
    public void Answer_that_was_given_up_says_nothing_more()
    {
        _batch.Add("One ");
        _batch.Add("two ");
        _batch.Dispose();
        _time.Advance(TextBatch.Interval);

        Assert.Equal(["2: One "], _live.Told);
    }

    [Fact]
    public void Character_of_two_halves_is_never_cut()
    {
        _batch.Add("a\ud83d");
        _time.Advance(TextBatch.Interval);
        _batch.Add("\ude00b");
        _batch.Flush();

        Assert.Equal(["2: a", "2: \ud83d\ude00b"], _live.Told);
    }
}
