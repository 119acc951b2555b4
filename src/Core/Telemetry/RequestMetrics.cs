using System.Diagnostics.Metrics;
using static Yggdrasil.Telemetry.Signals;

namespace Yggdrasil.Telemetry;

/// <summary>Metrics of HTTP requests. A caller who closed the connection (499) is no error.</summary>
public static class RequestMetrics
{
    /// <summary>The codes of refusals by a limit.</summary>
    private static readonly string[] Limits = ["rate_limited", "quota_exceeded", "too_many_concurrent_runs"];

    private static readonly Meter Meter = new(Signals.Meter);

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        Metrics.RequestDuration, "s", "HTTP requests, until the answer is ready to be sent.", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60],
        });

    private static readonly Counter<long> Rejections = Meter.CreateCounter<long>(
        Metrics.QuotaRejections, "{request}", "Requests refused by a limit.");

    /// <param name="problem">The code of the problem that was answered; null for none.</param>
    public static void Answered(string function, string method, int status, string? problem, TimeSpan duration)
    {
        KeyValuePair<string, object?>[] tags =
        [
            new(Attributes.Function, function), new(Attributes.Method, method), new(Attributes.StatusCode, status),
            .. status >= 500 ? [new(GenAi.ErrorType, problem ?? $"{status}")] : Array.Empty<KeyValuePair<string, object?>>(),
        ];
        Duration.Record(duration.TotalSeconds, tags);
        if (problem is not null && Limits.Contains(problem))
        {
            Rejections.Add(1, new KeyValuePair<string, object?>(Attributes.Limit, problem));
        }
    }
}
