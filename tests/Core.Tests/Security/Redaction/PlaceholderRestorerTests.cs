using CsCheck;
using Yggdrasil.Redaction;

namespace Yggdrasil.Tests.Security.Redaction;

public sealed class PlaceholderRestorerTests
{
    private static readonly Gen<string> Text = Gen.OneOf(
            "[EMAIL_1]", "[EMAIL_2]", "[EMAIL_3]", "[EMAIL_12]", "[API_KEY_1]", "[PRIVATE_KEY_1]", "[EMAIL_01]", "[email_1]", "[EMAIL_", "[EMAIL", "[", "]", "_1]",
            "EMAIL_1", "[[", "[EMAIL_1", "[EMAIL_999999999]", "[EMAIL_9999999999]", "word", " ", "\n", "[x](y)", "é", "😀")
        .Array[0, 20].Select(string.Concat);

    [Fact]
    public void Text_in_pieces_is_restored_as_the_whole_is_however_it_is_cut() =>
        Gen.Select(Text, Gen.Int[1, 6].Array[0, 200]).Sample(
            (text, lengths) =>
            {
                var map = Map();
                var restorer = new PlaceholderRestorer(map);
                var restored = string.Concat(Cut(text, lengths).Select(restorer.Push)) + restorer.Flush();
                return restored == map.Restore(text);
            },
            iter: 20_000);

    [Fact]
    public void Never_more_is_held_back_than_could_begin_a_placeholder() =>
        Gen.Select(Text, Gen.Int[1, 6].Array[0, 200]).Sample(
            (text, lengths) =>
            {
                var restorer = new PlaceholderRestorer(new PlaceholderMap(new HashSet<Placeholder>()));
                var (pushed, passed) = (0, 0);
                return Cut(text, lengths).All(chunk =>
                {
                    (pushed, passed) = (pushed + chunk.Length, passed + restorer.Push(chunk).Length);
                    return pushed - passed < Placeholder.MaxLength;
                });
            },
            iter: 20_000);

    [Fact]
    public void Text_without_brackets_passes_at_once()
    {
        var restorer = new PlaceholderRestorer(Map());

        Assert.Equal(("Hello", " there", ""), (restorer.Push("Hello"), restorer.Push(" there"), restorer.Flush()));
    }

    [Fact]
    public void Placeholder_over_three_chunks_waits_for_its_end()
    {
        var restorer = new PlaceholderRestorer(Map());

        Assert.Equal(("to ", "", "one@example.com."), (restorer.Push("to [EMA"), restorer.Push("IL_"), restorer.Push("1].")));
    }

    [Theory]
    [InlineData("[EMAIL_9]")]
    [InlineData("[EMAIL_01]")]
    [InlineData("[email_1]")]
    [InlineData("[EMAIL_1 ]")]
    [InlineData("[FAX_1]")]
    [InlineData("EMAIL_1")]
    public void Placeholder_that_stands_for_nothing_stays(string text) => Assert.Same(text, Map().Restore(text));

    [Fact]
    public void Original_that_looks_like_a_placeholder_is_not_read_again()
    {
        var map = new PlaceholderMap(new HashSet<Placeholder>());
        map.For(FindingKind.Password, "[EMAIL_1]x");
        map.For(FindingKind.Email, "one@example.com");

        Assert.Equal("[EMAIL_1]x", map.Restore("[PASSWORD_1]"));
    }

    [Fact]
    public void Original_within_json_is_escaped()
    {
        var map = new PlaceholderMap(new HashSet<Placeholder>());
        map.For(FindingKind.Password, "a\"b\\c\n");

        Assert.Equal("""{"pw":"a\"b\\c\n"}""", map.Restore("""{"pw":"[PASSWORD_1]"}""", asJson: true));
    }

    private static PlaceholderMap Map()
    {
        var map = new PlaceholderMap(new HashSet<Placeholder> { new(FindingKind.Email, 3) });
        foreach (var name in new[] { "one", "two", "four" })
        {
            map.For(FindingKind.Email, $"{name}@example.com");
        }

        map.For(FindingKind.ApiKey, "a key [EMAIL_1");
        map.For(FindingKind.PrivateKey, "");
        return map;
    }

    private static IEnumerable<string> Cut(string text, int[] lengths)
    {
        var at = 0;
        foreach (var length in lengths.Where(_ => at < text.Length))
        {
            var end = Math.Min(text.Length, at + length);
            yield return text[at..end];
            at = end;
        }

        yield return text[at..];
    }
}
