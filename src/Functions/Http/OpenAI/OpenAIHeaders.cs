using System.Diagnostics;
using System.Globalization;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Runs.Quotas;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>The headers that OpenAI's clients show their users.</summary>
internal static class OpenAIHeaders
{
    /// <summary>What every answer has, failures included: the id to quote, and how long it took until the answer began.</summary>
    public static void Begin(HttpContext http, string traceId)
    {
        var started = Stopwatch.GetTimestamp();
        http.Response.Headers["x-request-id"] = traceId;
        http.Response.OnStarting(() =>
        {
            http.Response.Headers["openai-processing-ms"] =
                ((long)Stopwatch.GetElapsedTime(started).TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            return Task.CompletedTask;
        });
    }

    /// <summary>The caller's tokens, which are limited by the day.</summary>
    public static void WriteTokens(IHeaderDictionary headers, TokenStatus tokens)
    {
        headers["x-ratelimit-limit-tokens"] = tokens.Limit.ToString(CultureInfo.InvariantCulture);
        headers["x-ratelimit-remaining-tokens"] = tokens.Remaining.ToString(CultureInfo.InvariantCulture);
        headers["x-ratelimit-reset-tokens"] = $"{RateLimitHeaders.Seconds(tokens.Reset)}s";
    }

    /// <summary>The caller's rate of requests.</summary>
    public static void WriteRate(IHeaderDictionary headers, RateStatus rate)
    {
        headers["x-ratelimit-limit-requests"] = rate.Limit.ToString(CultureInfo.InvariantCulture);
        headers["x-ratelimit-remaining-requests"] = rate.Remaining.ToString(CultureInfo.InvariantCulture);
        headers["x-ratelimit-reset-requests"] = $"{RateLimitHeaders.Seconds(rate.Reset)}s";
    }
}
