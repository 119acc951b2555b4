using System.Globalization;
using Yggdrasil.Functions.Http.OpenAI;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Runs.Quotas;

namespace Yggdrasil.Functions.Http.Answering;

/// <summary>Tells callers who start runs, or change anything, how many more times they may: <c>RateLimit-Limit</c>, <c>-Remaining</c>, <c>-Reset</c>.</summary>
internal static partial class RateLimitHeaders
{
    /// <summary>Does what counts against the rate, and tells what is left of it afterwards, also when it was refused.</summary>
    public static async Task<T> WithRateAsync<T>(
        this UsageService usage, HttpRequest request, string? agentId, ILogger logger, Func<Task<T>> start)
    {
        try
        {
            var result = await start();
            await WriteAsync(usage, request, agentId, logger);
            return result;
        }
        catch (Exception failure) when (failure.FindProblem() is not null)
        {
            await WriteAsync(usage, request, agentId, logger);
            throw;
        }
    }

    /// <summary>Whole seconds, rounded up.</summary>
    public static string Seconds(TimeSpan time, int atLeast = 0) =>
        Math.Max(atLeast, (long)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    /// <summary>Headers that cannot be had are left out: the run is started, and a failure here would have its caller start another.</summary>
    private static async Task WriteAsync(UsageService usage, HttpRequest request, string? agentId, ILogger logger)
    {
        try
        {
            if (OpenAIErrors.Speaks(request.Path) && await usage.FindTokensAsync(request.Caller(), request.HttpContext.RequestAborted) is { } tokens)
            {
                OpenAIHeaders.WriteTokens(request.HttpContext.Response.Headers, tokens);
            }

            if (await usage.FindRateAsync(request.Caller(), agentId, request.HttpContext.RequestAborted) is { } rate)
            {
                var headers = request.HttpContext.Response.Headers;
                headers["RateLimit-Limit"] = rate.Limit.ToString(CultureInfo.InvariantCulture);
                headers["RateLimit-Remaining"] = rate.Remaining.ToString(CultureInfo.InvariantCulture);
                headers["RateLimit-Reset"] = Seconds(rate.Reset);
                if (OpenAIErrors.Speaks(request.Path))
                {
                    OpenAIHeaders.WriteRate(headers, rate);
                }
            }
        }
        catch (Exception failure)
        {
            LogLeftOut(logger, failure.GetType().FullName);
        }
    }

    [LoggerMessage(3090, LogLevel.Warning, "RateLimit headers were left out ({ExceptionType})")]
    private static partial void LogLeftOut(ILogger logger, string? exceptionType);
}
