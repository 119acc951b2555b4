using System.Globalization;
using System.Text.RegularExpressions;

namespace Yggdrasil.Models.Failures;

/// <summary>Reads how long a provider asks to wait, in each of the ways they say it.</summary>
internal static partial class WaitHint
{
    // Nobody asks to wait for longer than until a monthly quota comes back. A number beyond that is a date, or nonsense.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(31);

    /// <summary>Of the headers, the most exact; null where they say nothing.</summary>
    /// <param name="header">The value of a header, by its name; null for none.</param>
    public static TimeSpan? FromHeaders(Func<string, string?> header, DateTimeOffset now) =>
        Milliseconds(header("retry-after-ms")) ?? Milliseconds(header("x-ms-retry-after-ms")) ?? Parse(header("Retry-After"), now);

    /// <summary>When a limit is said to be lifted: the last of those that are used up, or else the first of all.</summary>
    public static TimeSpan? FromLimits(Func<string, string?> header, DateTimeOffset now)
    {
        TimeSpan? usedUp = null, any = null;
        foreach (var limit in Limits)
        {
            if (Parse(header(limit.Reset), now) is not { } wait)
            {
                continue;
            }

            any = any is { } first && first < wait ? first : wait;
            if (header(limit.Remaining) is { } remaining && double.TryParse(remaining, CultureInfo.InvariantCulture, out var left) && left <= 0)
            {
                usedUp = usedUp is { } last && last > wait ? last : wait;
            }
        }

        return usedUp ?? any;
    }

    /// <summary>A duration such as <c>20</c>, <c>1.5s</c>, <c>6m0s</c>, <c>120ms</c>, or a time: of HTTP, ISO 8601, or seconds or milliseconds since 1970.</summary>
    public static TimeSpan? Parse(string? text, DateTimeOffset now)
    {
        text = text?.Trim();
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return number switch
            {
                >= 1e12 and < 1e14 => Until(DateTimeOffset.FromUnixTimeMilliseconds((long)number), now),
                >= 1e9 and < 1e11 => Until(DateTimeOffset.FromUnixTimeMilliseconds((long)(number * 1000)), now),
                _ => Seconds(number),
            };
        }

        if (Duration().Match(text) is { Success: true } duration)
        {
            return Sum(duration);
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) && text.Length >= 10
            ? Until(date, now)
            : null;
    }

    /// <summary>What a message says: "try again in 3.2s", "retry after 20 seconds", "wait 1 minute".</summary>
    public static TimeSpan? InWords(string? message) =>
        message is not null && Words().Match(message) is { Success: true } words ? Sum(words) : null;

    private static readonly (string Reset, string Remaining)[] Limits =
    [
        .. from prefix in new[] { "x-ratelimit-", "ratelimit-" }
           from what in new[] { "-requests", "-tokens", "-input-tokens", "-output-tokens", "" }
           select ($"{prefix}reset{what}", $"{prefix}remaining{what}"),
        .. from what in new[] { "requests", "tokens", "input-tokens", "output-tokens" }
           select ($"anthropic-ratelimit-{what}-reset", $"anthropic-ratelimit-{what}-remaining"),
    ];

    private static TimeSpan? Milliseconds(string? text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var milliseconds) ? Seconds(milliseconds / 1000) : null;

    private static TimeSpan? Seconds(double seconds) => seconds >= 0 && seconds <= Longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;

    private static TimeSpan? Until(DateTimeOffset date, DateTimeOffset now) =>
        date - now is var wait && wait > Longest ? null : wait < TimeSpan.Zero ? TimeSpan.Zero : wait;

    private static TimeSpan? Sum(Match match)
    {
        var (seconds, any) = (0.0, false);
        var units = match.Groups["unit"].Captures;
        var amounts = match.Groups["amount"].Captures;
        for (var at = 0; at < units.Count; at++)
        {
            if (!double.TryParse(amounts[at].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount))
            {
                return null;
            }

            any = true;
            seconds += amount * SecondsOf(units[at].Value);
        }

        return any ? Seconds(seconds) : null;
    }

    private static double SecondsOf(string unit) => unit.ToLowerInvariant() switch
    {
        "ms" or "msec" or "millisecond" or "milliseconds" => 0.001,
        ['m', ..] => 60,
        ['h', ..] => 3600,
        ['d', ..] => 86_400,
        _ => 1,
    };

    [GeneratedRegex(
        @"^(?:(?<amount>[0-9]{1,9}(?:\.[0-9]{1,9})?) ?(?<unit>ms|[dhms])){1,5}$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Duration();

    [GeneratedRegex(
        @"(?:\bin|\bafter|\bwait(?: for)?|\bwithin)(?: about| approximately| another)? (?:(?:(?:,|and|,? and) )?(?<amount>[0-9]{1,9}(?:\.[0-9]{1,9})?) ?(?<unit>milliseconds?|msec|ms|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|[hms]|d)(?![a-z]{2}) ?){1,5}",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Words();
}
