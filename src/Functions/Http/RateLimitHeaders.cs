using System.Globalization;
using Yggdrasil.Limits;
using Yggdrasil.Problems;

namespace Yggdrasil.Functions.Http;

/// <summary>Tells callers who start runs how many more they may start: <c>RateLimit-Limit</c>, <c>-Remaining</c>, <c>-Reset</c>.</summary>
internal static class RateLimitHeaders
{
    /// <summary>Does what starts a run, and tells what is left of the rate after it, also when it was refused.</summary>
    public static async Task<T> WithRateAsync<T>(this UsageService usage, HttpRequest request, string? agentId, Func<Task<T>> start)
    {
        try
        {
            var result = await start();
            await WriteAsync(usage, request, agentId);
            return result;
        }
        catch (ProblemException)
        {
            await WriteAsync(usage, request, agentId);
            throw;
        }
    }

    /// <summary>Whole seconds, rounded up.</summary>
    public static string Seconds(TimeSpan time, int atLeast = 0) =>
        Math.Max(atLeast, (long)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    private static async Task WriteAsync(UsageService usage, HttpRequest request, string? agentId)
    {
        if (await usage.FindRateAsync(request.Caller().Owner, agentId, request.HttpContext.RequestAborted) is { } rate)
        {
            var headers = request.HttpContext.Response.Headers;
            headers["RateLimit-Limit"] = rate.Limit.ToString(CultureInfo.InvariantCulture);
            headers["RateLimit-Remaining"] = rate.Remaining.ToString(CultureInfo.InvariantCulture);
            headers["RateLimit-Reset"] = Seconds(rate.Reset);
        }
    }
}
