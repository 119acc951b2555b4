using System.Diagnostics;
using static Yggdrasil.Telemetry.Signals;

namespace Yggdrasil.Telemetry;

/// <summary>The span of one invocation of a function from outside.</summary>
public static class InvocationSpan
{
    /// <param name="function">The function's name.</param>
    /// <param name="trigger">The kind of trigger, as OpenTelemetry's conventions for functions name it.</param>
    public static Activity? Start(string function, string trigger, ActivityKind kind)
    {
        var parent = ParentOf(Activity.Current);
        if (parent == default)
        {
            // Without a parent, whatever is current would be taken for it.
            Activity.Current = null;
        }

        return Spans.Source.StartActivity(function, kind, parent)?
            .SetTag(Attributes.Function, function).SetTag(Attributes.Trigger, trigger);
    }

    /// <param name="problem">The code of the problem that is answered; null for none.</param>
    public static void Answered(Activity? span, string method, int status, string? problem)
    {
        span?.SetTag(Attributes.Method, method).SetTag(Attributes.StatusCode, status);
        if (status >= 500)
        {
            span?.SetTag(GenAi.ErrorType, problem ?? $"{status}").SetStatus(ActivityStatusCode.Error);
        }
    }

    /// <inheritdoc cref="Spans.Fail"/>
    public static void Fail(Activity? span, Exception failure) => Spans.Fail(span, failure);

    /// <remarks>
    /// A web server makes an activity for itself that nobody exports, and whose parent is the caller's span. As a parent it
    /// would be a hole in every trace, so the caller's is taken.
    /// </remarks>
    private static ActivityContext ParentOf(Activity? ambient) => ambient switch
    {
        null => default,
        { Source.Name: "" } => ActivityContext.TryParse(ambient.ParentId, ambient.TraceStateString, isRemote: true, out var remote) ? remote : default,
        _ => ambient.Context,
    };
}
