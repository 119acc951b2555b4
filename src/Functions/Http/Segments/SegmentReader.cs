using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http.Segments;

/// <summary>A part of a run, as far as it was read.</summary>
/// <param name="End">Where it ends because the run waits for its caller; null where it ends with the run, or has not ended.</param>
/// <param name="HasNext">The run has gone on after it.</param>
/// <param name="Rest">What it has used, where it ends with the run.</param>
internal sealed record SegmentReading(
    Run Run, int Segment, IReadOnlyList<OutlineStep> Steps, OutlineStep? End, bool HasNext, SegmentTokens Rest)
{
    /// <summary>The segment has not ended.</summary>
    public bool IsGoingOn => End is null && !Run.IsTerminal;
}

/// <summary>Reads parts of runs that are not streamed.</summary>
internal static class SegmentReader
{
    /// <summary>How long a request waits for a run that outlives it; proxies give up after 230 seconds.</summary>
    public static readonly TimeSpan Wait = TimeSpan.FromSeconds(InlineRuns.MaxDeadlineSeconds);

    /// <summary>Reads a part of a run, until it ends or <paramref name="patience"/> is over.</summary>
    /// <param name="patience">Infinite for a run that does not outlive the request.</param>
    /// <param name="waits">Approvals are decided elsewhere, and the answer waits for them.</param>
    public static async Task<SegmentReading> FollowAsync(
        RunEventReader reader, int segment, ToolCatalog catalog, bool waits, TimeSpan patience, TimeProvider time, CancellationToken aborted)
    {
        Run? run = null;
        List<OutlineStep> steps = [];
        var outline = new RunOutline(() => run!, catalog, waits);
        var started = time.GetTimestamp();
        await using (reader)
        {
            while (true)
            {
                while (reader.Next() is { } next)
                {
                    run = next.Run ?? run;
                    steps.AddRange(next.Entry is { } entry ? outline.Add(entry) : []);
                    if (next.Type == RunEventType.RunEnded || outline.Segment > segment)
                    {
                        return Of(run!, segment, steps, outline);
                    }
                }

                var left = patience == Timeout.InfiniteTimeSpan ? patience : patience - time.GetElapsedTime(started);
                if (reader.HasEnded || (left <= TimeSpan.Zero && left != Timeout.InfiniteTimeSpan) || !await reader.WaitAsync(left, aborted))
                {
                    return Of(run!, segment, steps, outline);
                }
            }
        }
    }

    /// <summary>A part of a run as it is stored; null where the run has not come that far.</summary>
    public static SegmentReading? Read(Run run, IReadOnlyList<JournalEntry> entries, int segment, ToolCatalog catalog, bool waits)
    {
        var outline = new RunOutline(() => run, catalog, waits);
        var steps = entries.SelectMany(outline.Add).ToList();
        return segment > outline.Segment ? null : Of(run, segment, steps, outline);
    }

    private static SegmentReading Of(Run run, int segment, List<OutlineStep> steps, RunOutline outline)
    {
        var own = steps.FindAll(step => step.Segment == segment);
        OutlineStep? end = own.FindIndex(step => step.Kind == OutlineKind.End) is >= 0 and var index ? own[index] : null;
        return new(run, segment, own, end, end is not null && (outline.Segment > segment + 1 || outline.HasBegun || run.IsTerminal), outline.RestOf(run));
    }
}
