using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Transport;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Models.Clients;

/// <summary>Tells who was to answer and who did: in the log, as a metric and on the span of the model call.</summary>
internal sealed partial class FallbackTelemetry(ProviderMetrics metrics, ILogger<FallbackTelemetry> logger)
{
    public static void Served(string original, string active) =>
        Activity.Current?.SetTag(Signals.Attributes.OriginalModel, original).SetTag(Signals.Attributes.ActiveModel, active);

    public void FellBack(string original, string failed, string next, ProviderException failure)
    {
        metrics.FellBack(original, failed, next, failure.Code);
        LogFellBack(failed, failure.Code, failure.Reason?.Kind, next);
    }

    public void Refused(string model, ProviderException failure) => LogRefused(model, failure.Code, failure.Reason?.Kind);

    /// <summary>Nobody is asked after this one.</summary>
    public void Failed(string model, ProviderException failure) => LogFailed(model, failure.Code, failure.Reason?.Kind);

    [LoggerMessage(6011, LogLevel.Warning, "{Model} did not answer ({Code}, {Upstream}): {Next} is asked")]
    private partial void LogFellBack(string model, string code, string? upstream, string next);

    [LoggerMessage(6012, LogLevel.Warning, "{Model} refused the request ({Code}, {Upstream}): its fallbacks are not asked")]
    private partial void LogRefused(string model, string code, string? upstream);

    [LoggerMessage(6013, LogLevel.Warning, "{Model} did not answer ({Code}, {Upstream}), and no other model is left")]
    private partial void LogFailed(string model, string code, string? upstream);
}
