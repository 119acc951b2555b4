using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Providers;

/// <summary>Tells who was to answer and who did: in the log, as a metric and on the span of the model call.</summary>
internal sealed partial class FallbackTelemetry(ProviderMetrics metrics, ILogger<FallbackTelemetry> logger)
{
    public static void Served(string original, string active) =>
        Activity.Current?.SetTag(Signals.Attributes.OriginalModel, original).SetTag(Signals.Attributes.ActiveModel, active);

    public void FellBack(string original, string failed, string next, string code)
    {
        metrics.FellBack(original, failed, next, code);
        LogFellBack(failed, code, next);
    }

    public void Refused(string model, string code) => LogRefused(model, code);

    [LoggerMessage(6011, LogLevel.Warning, "{Model} did not answer ({Code}): {Next} is asked")]
    private partial void LogFellBack(string model, string code, string next);

    [LoggerMessage(6012, LogLevel.Warning, "{Model} refused the request ({Code}): its fallbacks are not asked")]
    private partial void LogRefused(string model, string code);
}
