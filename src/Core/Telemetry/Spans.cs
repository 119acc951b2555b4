using System.Diagnostics;

namespace Yggdrasil.Telemetry;

/// <summary>Where the product's spans come from.</summary>
internal static class Spans
{
    public static readonly ActivitySource Source = new(Signals.Source);

    /// <summary>Marks a span as failed, by the kind of failure alone: messages may quote anything.</summary>
    public static void Fail(Activity? span, Exception failure) =>
        span?.SetTag(GenAi.ErrorType, failure.GetType().FullName).SetStatus(ActivityStatusCode.Error);
}
