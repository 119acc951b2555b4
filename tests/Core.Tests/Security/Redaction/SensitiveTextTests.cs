using CsCheck;
using Yggdrasil.Redaction;

namespace Yggdrasil.Tests.Security.Redaction;

public sealed class SensitiveTextTests
{
    // Pieces that detectors react to, mixed with plain ones, so that random texts come close to findings and hit some.
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.OneOf(
            "@", "a", "b.co", " ", "415", "-", "555", "0132", "+44", "20 7946 0958", "4111", "1111", "123", "45", "6789", "DE89", "3704 0044 0532 0130 00",
            "sk-", "ant-", "eyJ", ".", "Bearer ", "password", "=", "://", ":", "x1y2z3a4b5c6d7e8", "-----BEGIN ", "PRIVATE KEY-----", "\n", "\\n", "\"", "'",
            "[", "]", "EMAIL_1", "ssn ", "phone ", "sig=", "==", "AccountKey=", "é", "日本", "😀", ",", ";", "{", "}", "(", ")"),
        Gen.String[Gen.Char, 0, 8])
        .Array[0, 40].Select(string.Concat);

    [Fact]
    public void Text_without_findings_stays_the_same_instance() => Text.Sample(
        text => SensitiveText.Find(text).Count > 0 || ReferenceEquals(text, SensitiveText.Mask(text)), iter: 20_000);

    [Fact]
    public void Everything_outside_findings_is_kept_in_place() => Text.Sample(
        text =>
        {
            var findings = SensitiveText.Find(text);
            var pieces = new List<string>();
            var end = 0;
            foreach (var finding in findings)
            {
                pieces.Add(text[end..finding.Start]);
                pieces.Add($"[{Placeholder.NameOf(finding.Kind)}_REDACTED]");
                end = finding.End;
            }

            pieces.Add(text[end..]);
            return SensitiveText.Mask(text) == string.Concat(pieces);
        },
        iter: 20_000);

    [Fact]
    public void Findings_are_in_order_within_the_text_and_apart() => Text.Sample(
        text =>
        {
            var end = 0;
            foreach (var finding in SensitiveText.Find(text))
            {
                if (finding.Start < end || finding.Length <= 0 || finding.End > text.Length)
                {
                    return false;
                }

                end = finding.End;
            }

            return true;
        },
        iter: 20_000);

    public static TheoryData<string> PlainTexts =>
    [
        "", "Hello, world.", "In 2024 we sold 17 of 20 items for 3.50 each.", "void Main() => Console.WriteLine(\"a == b\");",
        "https://example.com/path?x=1#y", "Ærlig talt, 長い話。 😀", "{\"id\":\"run_0123456789abcdef\",\"count\":41}", "[EMAIL_1] and [EMAIL_REDACTED]",
        new string('a', 100_000),
    ];

    [Theory]
    [MemberData(nameof(PlainTexts))]
    public void Plain_text_is_not_touched(string text) => Assert.Same(text, SensitiveText.Mask(text));

    [Theory]
    [InlineData("Mail jane@example.com or call +1 415 555 0132.", "Mail [EMAIL_REDACTED] or call [PHONE_REDACTED].")]
    [InlineData("Pwd=secret1;", "Pwd=[PASSWORD_REDACTED];")]
    [InlineData("4111 1111 1111 1111, DE89370400440532013000, 123-45-6789", "[CARD_REDACTED], [IBAN_REDACTED], [SSN_REDACTED]")]
    public void Placeholders_name_the_kind(string text, string masked) => Assert.Equal(masked, SensitiveText.Mask(text));

    [Fact]
    public void Masking_what_is_masked_changes_nothing() =>
        Assert.All(Corpus.Cases.Where(item => item.IsPositive), item =>
        {
            var masked = SensitiveText.Mask(item.Text);
            Assert.Same(masked, SensitiveText.Mask(masked));
        });

    public static TheoryData<string, Finding[], Finding[]> Overlaps => new()
    {
        { "apart", [new(FindingKind.Phone, 9, 3), new(FindingKind.Email, 0, 4)], [new(FindingKind.Email, 0, 4), new(FindingKind.Phone, 9, 3)] },
        { "touching", [new(FindingKind.Email, 0, 4), new(FindingKind.Phone, 4, 4)], [new(FindingKind.Email, 0, 4), new(FindingKind.Phone, 4, 4)] },
        { "longest within", [new(FindingKind.ApiKey, 2, 3), new(FindingKind.Email, 0, 9)], [new(FindingKind.Email, 0, 9)] },
        { "partly, longest wins and all is covered", [new(FindingKind.ApiKey, 0, 4), new(FindingKind.Email, 2, 9)], [new(FindingKind.Email, 0, 11)] },
        { "equally long, the earliest wins", [new(FindingKind.Card, 2, 4), new(FindingKind.Phone, 0, 4)], [new(FindingKind.Phone, 0, 6)] },
        { "the same stretch, priority wins", [new(FindingKind.Phone, 0, 4), new(FindingKind.Ssn, 0, 4), new(FindingKind.Email, 0, 4)], [new(FindingKind.Ssn, 0, 4)] },
        { "a chain", [new(FindingKind.Email, 0, 4), new(FindingKind.Phone, 3, 4), new(FindingKind.Iban, 6, 5)], [new(FindingKind.Iban, 0, 11)] },
    };

    [Theory]
    [MemberData(nameof(Overlaps))]
    public void Overlaps_become_one_finding_in_whatever_order_they_come(string situation, Finding[] found, Finding[] expected)
    {
        Assert.Equal(expected, SensitiveText.Resolve([.. found]));
        Assert.True(expected.SequenceEqual(SensitiveText.Resolve([.. found.Reverse()])), situation);
    }

    [Fact]
    public void Password_that_is_a_vendors_key_is_found_once() =>
        Assert.Equal("Password=[API_KEY_REDACTED];", SensitiveText.Mask($"Password={"sk-" + "ant-"}0123456789abcdef;"));
}
