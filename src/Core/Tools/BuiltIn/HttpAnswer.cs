using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Tools.BuiltIn;

/// <summary>An HTTP answer in words for the model: the status line, then the text.</summary>
internal static class HttpAnswer
{
    private const int MaxTypeLength = 80;

    public static string Describe(GuardedResponse response)
    {
        // The server's own reason phrase is text of a stranger in a place that looks like ours.
        var status = $"HTTP {(int)response.Status} {ReasonPhrases.GetReasonPhrase((int)response.Status)}".TrimEnd();
        return $"{status}\n{DescribeBody(response)}";
    }

    private static string DescribeBody(GuardedResponse response) => response switch
    {
        { Body.IsEmpty: true } => "[no body]",
        _ when !IsText(response.MediaType) =>
            $"[The body is {TypeOf(response)}, {SizeOf(response)}; only text is shown.]",
        { IsTruncated: true } =>
            $"{Decode(response)}\n[Cut off: only the first {GuardedHttp.MaxBodyBytes / 1024} KiB were read.]",
        _ => Decode(response),
    };

    private static bool IsText(string? mediaType) => mediaType is not null
        && (mediaType.StartsWith("text/", StringComparison.Ordinal)
            || mediaType.EndsWith("+json", StringComparison.Ordinal)
            || mediaType.EndsWith("+xml", StringComparison.Ordinal)
            || mediaType.EndsWith("+yaml", StringComparison.Ordinal)
            || mediaType is "application/json" or "application/xml" or "application/javascript" or "application/yaml"
                or "application/x-yaml" or "application/x-ndjson" or "application/jsonl" or "application/sql"
                or "application/x-www-form-urlencoded" or "application/graphql" or "application/toml");

    private static string TypeOf(GuardedResponse response) => response.MediaType switch
    {
        null => "of no declared type",
        { Length: > MaxTypeLength } => "of an overlong type",
        var type => type,
    };

    private static string SizeOf(GuardedResponse response) => response switch
    {
        { IsTruncated: false } => string.Create(CultureInfo.InvariantCulture, $"{response.Body.Length:N0} bytes"),
        { DeclaredLength: { } length } => string.Create(CultureInfo.InvariantCulture, $"{length:N0} bytes"),
        _ => $"more than {GuardedHttp.MaxBodyBytes / 1024} KiB",
    };

    private static string Decode(GuardedResponse response)
    {
        // A decoder that is not flushed leaves out a character that the limit has cut in two.
        var decoder = EncodingOf(response.Charset).GetDecoder();
        var characters = new char[response.Body.Length + 1];
        var count = decoder.GetChars(response.Body.Span, characters, flush: !response.IsTruncated);
        return new string(characters, 0, count).TrimStart('\uFEFF');
    }

    private static Encoding EncodingOf(string? charset)
    {
        try
        {
            return charset is null ? Encoding.UTF8 : Encoding.GetEncoding(charset);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            // A charset that .NET does not have: most of such texts are ASCII anyway, and the rest shows as �.
            return Encoding.UTF8;
        }
    }
}
