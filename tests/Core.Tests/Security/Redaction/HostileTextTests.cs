using Yggdrasil.Redaction;

namespace Yggdrasil.Tests.Security.Redaction;

/// <summary>
/// A megabyte of near-misses for every detector. Linear means that the characters looked at, which each search counts, stay
/// within a constant multiple of the text: a detector that starts over at each near-miss exceeds it a thousandfold.
/// </summary>
public sealed class HostileTextTests
{
    private const int Size = 1024 * 1024;

    // The longest look-ahead of any detector is a number of 19 digits, in groups of one, read anew at each of them.
    private const int MaxWorkPerCharacter = 64;

    // In two parts, so that nobody's scanner takes it for a key.
    private const string Pem = "-----BEGIN PRIVATE" + " KEY-----";

    public static TheoryData<string> NearMisses =>
    [
        "x", "@", "a@", "a@a.", "a.", "a@b.c", "a.a@", "é@", "user@aaaaaaaa.", ".@-", "://a:a@",
        "1", "1 ", "1-", "11 ", "1111 ", "4111-", "4111 1111 1111 111", "123-45-", "123 45 ", "ssn 000000000 ", "ssn ", "phone ", "+", "+1", "+1 ",
        "(", "(4", "(415) 555-", "415-555-", "0", "00", "00 ", "+44 (", "call 415555013", ".", "1.1.", "1/",
        "DE89", "DE89 ", "DE8", "GB82 WEST ", "AA11", "DE89 3704 0044 0532 0130 01 ",
        "sk-", "sk", "sk-a-", "sk-ant-", "ghp_", "ghp_a", "AKIA", "AIza", "xoxb-", "github_pat_", "k-sk-",
        "AccountKey=", "AccountKey", "accountkey: ", "=", "==", "A=", "A==", "sig=", "&sig=a", "api_key=", "secret access key ",
        "eyJ", "eyJ.", "eyJa.eyJ", "eyJaaaaaaaaaaaaa.", ".eyJ", "Bearer ", "bearer a", "Bearer a.", "bearer  ",
        "-----BEGIN ", Pem, Pem + "\nMII", "-----END ", "-", "-----BEGIN X-----",
        "password", "password=", "Pwd=;", "password=,", "password=a,", "password='", "password=\"\\", "\"password\":\"", "password ", "\\", "'", "password=[",
        "://", "http://", "://a:", "://:", "a://b:c", "@:", "://@", "[EMAIL_", "[", "\n", "\\n1", "日本1",
    ];

    [Theory]
    [MemberData(nameof(NearMisses))]
    public void A_megabyte_of_near_misses_is_scanned_in_linear_work(string nearMiss)
    {
        var text = string.Concat(Enumerable.Repeat(nearMiss, (Size / nearMiss.Length) + 1));

        foreach (var detector in SensitiveText.Detectors)
        {
            var scan = new TextScan(text);
            detector.Scan(ref scan);

            Assert.True(
                scan.Work <= (long)MaxWorkPerCharacter * text.Length,
                $"{detector.GetType().Name} looked at {scan.Work} characters of {text.Length}");
        }
    }

    [Theory]
    [InlineData(Pem + "\n", "QUJD")]
    [InlineData(Pem + "\n", "-----BEGIN ")]
    [InlineData("user", "@")]
    [InlineData("eyJhbGciOiJub25l", ".aaaa")]
    [InlineData("Password=", "a,")]
    [InlineData("Password='", "\\\"")]
    [InlineData("https://user:", "pw@")]
    [InlineData("AccountKey=", "A")]
    [InlineData("4", "1")]
    [InlineData("+44", " 1")]
    public void A_beginning_and_a_megabyte_that_follows_is_scanned_in_linear_work(string beginning, string rest)
    {
        var text = beginning + string.Concat(Enumerable.Repeat(rest, Size / rest.Length));

        foreach (var detector in SensitiveText.Detectors)
        {
            var scan = new TextScan(text);
            detector.Scan(ref scan);

            Assert.InRange(scan.Work, 0, (long)MaxWorkPerCharacter * text.Length);
        }
    }

    [Fact]
    public void A_megabyte_of_findings_that_touch_is_masked()
    {
        var text = string.Concat(Enumerable.Repeat("a@b.co,", Size / 7));

        var masked = SensitiveText.Mask(text);

        Assert.Equal(string.Concat(Enumerable.Repeat("[EMAIL_REDACTED],", Size / 7)), masked);
    }
}
