using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Functions.Http.Reading;

/// <summary>The headers and query parameters that the contract gives a meaning.</summary>
internal static class RequestHeaders
{
    /// <summary>The query parameter that names the fields of an answer.</summary>
    public const string Fields = "fields";

    private const string IdempotencyKey = "Idempotency-Key";
    private const int MaxKeyLength = 128;
    private const int MaxWaitSeconds = 60;
    private const int DefaultLimit = 20;
    private const int MaxLimit = 100;

    /// <summary>What the caller promised with <c>Idempotency-Key</c>, if anything.</summary>
    /// <param name="subject">What the request is about beside its body: an agent; or, with a '/', something that no agent is called.</param>
    /// <exception cref="InvalidRequestException">The key is not 1 to 128 visible ASCII characters, or is given twice.</exception>
    public static Idempotency? ReadIdempotency(HttpRequest request, string subject, ReadOnlyMemory<byte> body) =>
        ReadIdempotencyKey(request) is { } key ? IdempotencyOf(key, subject, body) : null;

    /// <summary>What the caller promised with a key that came another way than by the header.</summary>
    /// <exception cref="InvalidRequestException">The key is not 1 to 128 visible ASCII characters.</exception>
    public static Idempotency IdempotencyOf(string key, string subject, ReadOnlyMemory<byte> body)
    {
        RequireKey(key);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{subject}\n"));
        hash.AppendData(body.Span);
        return new Idempotency(key, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <exception cref="InvalidRequestException">The key is not 1 to 128 visible ASCII characters, or is given twice.</exception>
    public static string? ReadIdempotencyKey(HttpRequest request)
    {
        var values = request.Headers[IdempotencyKey];
        if (values.Count == 0)
        {
            return null;
        }

        var key = values.Count == 1 ? values[0] ?? "" : "";
        RequireKey(key);
        return key;
    }

    private static void RequireKey(string key)
    {
        if (key.Length is 0 or > MaxKeyLength || !key.All(static c => c is > ' ' and < '\x7f'))
        {
            throw new InvalidRequestException(IdempotencyKey, $"Must be 1 to {MaxKeyLength} visible ASCII characters.");
        }
    }

    /// <summary>How long the caller prefers to wait (RFC 7240); zero when it does not.</summary>
    /// <exception cref="InvalidRequestException">The wait is not a number of seconds up to 60.</exception>
    public static TimeSpan ReadWait(HttpRequest request)
    {
        foreach (var preference in request.Headers["Prefer"].SelectMany(value => SplitOutsideQuotes(value ?? "", ',')))
        {
            // Names are case-insensitive, values may be quoted, parameters and unknown preferences are ignored.
            var pair = SplitOutsideQuotes(preference, ';').First().Split('=', 2, StringSplitOptions.TrimEntries);
            if (pair[0].Equals("wait", StringComparison.OrdinalIgnoreCase))
            {
                return Seconds(pair.ElementAtOrDefault(1) ?? "") is { } seconds and <= MaxWaitSeconds
                    ? TimeSpan.FromSeconds(seconds)
                    : throw new InvalidRequestException("Prefer", $"wait must be 0 to {MaxWaitSeconds} seconds, as in Prefer: wait=30.");
            }
        }

        return TimeSpan.Zero;
    }

    /// <exception cref="InvalidRequestException"><c>limit</c> is not 1 to 100, or <c>after</c> is not a cursor.</exception>
    public static (int Limit, string? After) ReadPage(HttpRequest request)
    {
        var limit = ReadNumber(request, "limit", DefaultLimit, MaxLimit);
        if (!request.Query.TryGetValue("after", out var after))
        {
            return (limit, null);
        }

        return (limit, Decode(after.ToString()) ?? throw new InvalidRequestException("after", "This is not a cursor; use the \"next\" of the last page."));
    }

    /// <summary>A query parameter that is a number from 1.</summary>
    /// <exception cref="InvalidRequestException">It is something else, or more than <paramref name="max"/>.</exception>
    public static int ReadNumber(HttpRequest request, string name, int otherwise, int max)
    {
        var number = otherwise;
        return !request.Query.TryGetValue(name, out var text)
            || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= 1 && number <= max)
            ? number
            : throw new InvalidRequestException(name, $"Must be between 1 and {max}.");
    }

    /// <summary>A cursor as callers see it: opaque.</summary>
    public static string? ToCursor(string? next) => next is null ? null : WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(next));

    /// <exception cref="InvalidRequestException">The request has a query parameter that the route does not know, or one twice.</exception>
    public static void RejectOtherQuery(HttpRequest request, params string[] known)
    {
        var errors = new FieldErrors();
        var help = known.Length == 0 ? "This route takes none." : $"Parameters: {string.Join(", ", known)}.";
        foreach (var name in known.Where(name => request.Query[name].Count > 1))
        {
            errors.Add(name, "This query parameter is given twice.");
        }

        foreach (var name in request.Query.Keys.Except(known, StringComparer.Ordinal).TakeWhile(_ => !errors.IsFull))
        {
            errors.Add(name, $"There is no such query parameter. {help}");
        }

        errors.ThrowIfAny();
    }

    /// <summary>
    /// Whether the caller names this type of answer (RFC 9110 section 12.5.1), does not rule it out, and does not like JSON, which
    /// there is too, better.
    /// </summary>
    public static bool Accepts(HttpRequest request, string mediaType)
    {
        var accepted = request.GetTypedHeaders().Accept;
        return accepted.FirstOrDefault(range => range.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase)) is { Quality: not 0 } named
            && (named.Quality ?? 1) >= QualityOf(accepted, "application/json");
    }

    /// <summary>How much a type is liked: as the most specific range says that it is in.</summary>
    private static double QualityOf(IList<MediaTypeHeaderValue> accepted, string mediaType)
    {
        var type = new MediaTypeHeaderValue(mediaType);
        return accepted.Where(type.IsSubsetOf)
            .OrderBy(range => range.MatchesAllTypes ? 2 : range.MatchesAllSubTypes ? 1 : 0)
            .Select(range => range.Quality ?? 1)
            .FirstOrDefault();
    }

    private static int? Seconds(string value)
    {
        var digits = value is ['"', .. var quoted, '"'] ? quoted : value;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : null;
    }

    private static IEnumerable<string> SplitOutsideQuotes(string text, char separator)
    {
        var (start, quoted) = (0, false);
        for (var i = 0; i < text.Length; i++)
        {
            quoted ^= text[i] == '"';
            if (!quoted && text[i] == separator)
            {
                yield return text[start..i];
                start = i + 1;
            }
        }

        yield return text[start..];
    }

    /// <summary>What an opaque text of ours stands for; null for one that is none.</summary>
    internal static string? Decode(string text)
    {
        try
        {
            return Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(text));
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
