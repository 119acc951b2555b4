using System.Collections.Concurrent;
using System.Diagnostics;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Tests.Telemetry;

/// <summary>The spans of one run that have ended; other tests make spans of other runs at the same time.</summary>
internal sealed class RecordedSpans : IDisposable
{
    private readonly ActivityListener _listener;
    private readonly ConcurrentQueue<Activity> _spans = new();

    public RecordedSpans()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Signals.Source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _spans.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public IReadOnlyList<Activity> Of(string runId) =>
        [.. _spans.Where(span => span.GetTagItem(Signals.Attributes.RunId) as string == runId)];

    /// <summary>The spans below one that the test itself began.</summary>
    public IReadOnlyList<Activity> Below(Activity parent) => [.. _spans.Where(span => span.ParentSpanId == parent.SpanId)];

    public void Dispose() => _listener.Dispose();
}
