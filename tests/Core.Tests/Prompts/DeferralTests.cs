using CsCheck;
using Yggdrasil.Prompts;

namespace Yggdrasil.Tests.Prompts;

public sealed class DeferralTests
{
    [Theory]
    [InlineData("""{"a":1}""")]
    [InlineData("""{"a":"\u0022, {\"}","b":[1,2]}""")]
    [InlineData("""{"æ":"😀"}""")]
    public void Added_and_removed_is_the_senders_bytes(string body)
    {
        var since = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

        var deferred = Deferral.Add(BinaryData.FromString(body), since);

        using var document = System.Text.Json.JsonDocument.Parse(deferred);
        Assert.Equal(since, document.RootElement.GetProperty(Deferral.Field).GetDateTimeOffset());
        Assert.Equal(2, document.RootElement.EnumerateObject().Take(2).Count());
        Assert.Equal(body, Deferral.Remove(deferred).ToString());
    }

    [Theory]
    [InlineData("""{"a":1}""")]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"deferredSince":"x"}""")]
    [InlineData("""{"b":1,"deferredSince":"2026-01-01","a":2}""")]
    public void Body_that_was_never_deferred_stays(string body) =>
        Assert.Equal(body, Deferral.Remove(BinaryData.FromString(body)).ToString());

    [Fact]
    public void Field_never_grows_beyond_the_room_that_is_kept_for_it() =>
        Gen.DateTimeOffset.Sample(time =>
            Deferral.Add(BinaryData.FromString("""{"a":1}"""), time).ToMemory().Length <= """{"a":1}""".Length + Deferral.MaxBytes);
}
