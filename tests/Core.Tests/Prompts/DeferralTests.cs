using CsCheck;
using Yggdrasil.Protection;
using Yggdrasil.Tests.Security;
using Yggdrasil.Work.Prompts;

namespace Yggdrasil.Tests.Prompts;

public sealed class DeferralTests
{
    private readonly Deferral _deferral = new(new ContentProtector(TestKeys.Ring(TestKeys.New())));

    [Theory]
    [InlineData("""{"a":1}""")]
    [InlineData("""{"a":"\u0022, {\"}","b":[1,2]}""")]
    [InlineData("""{"æ":"😀"}""")]
    public void Added_and_removed_is_the_senders_bytes(string body)
    {
        var since = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

        var deferred = _deferral.Add(BinaryData.FromString(body), since);

        using var document = System.Text.Json.JsonDocument.Parse(deferred);
        Assert.Equal(since, _deferral.SinceOf(deferred));
        Assert.Equal(2, document.RootElement.EnumerateObject().Take(2).Count());
        Assert.Equal(body, Deferral.Remove(deferred).ToString());
    }

    [Fact]
    public void Time_counts_for_the_message_it_was_given_and_under_its_key_alone()
    {
        var since = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var deferred = _deferral.Add(BinaryData.FromString("""{"id":"a"}"""), since).ToString();

        Assert.Equal(since, _deferral.SinceOf(BinaryData.FromString(deferred)));
        Assert.Null(_deferral.SinceOf(BinaryData.FromString(deferred.Replace("2026", "2027", StringComparison.Ordinal))));
        Assert.Null(_deferral.SinceOf(BinaryData.FromString(deferred.Replace("\"a\"", "\"b\"", StringComparison.Ordinal))));
        Assert.Null(new Deferral(new ContentProtector(TestKeys.Ring(TestKeys.New()))).SinceOf(BinaryData.FromString(deferred)));
    }

    [Fact]
    public void Message_that_the_version_before_put_off_gives_the_senders_bytes() => Assert.Equal(
        """{"a":"b,c"}""", Deferral.Remove(BinaryData.FromString("""{"deferredSince":"2026-01-02T03:04:05.0000000Z","a":"b,c"}""")).ToString());

    [Theory]
    [InlineData("""{"a":1}""")]
    [InlineData("""{"deferredSince":"a,b","c":1}""")]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"deferredSince":"x"}""")]
    [InlineData("""{"b":1,"deferredSince":"2026-01-01","a":2}""")]
    public void Body_that_was_never_deferred_stays(string body) =>
        Assert.Equal(body, Deferral.Remove(BinaryData.FromString(body)).ToString());

    [Fact]
    public void Field_never_grows_beyond_the_room_that_is_kept_for_it() =>
        Gen.DateTimeOffset.Sample(time =>
            _deferral.Add(BinaryData.FromString("""{"a":1}"""), time).ToMemory().Length <= """{"a":1}""".Length + Deferral.MaxBytes);
}
