using System.Diagnostics.Metrics;
using Yggdrasil.Runs.Model;
using Yggdrasil.Telemetry;
using Yggdrasil.Tools;
using static Yggdrasil.Telemetry.Signals;

namespace Yggdrasil.Runs.Telemetry;

/// <summary>What runs did, as metrics. Dimensions are few-valued: no ids of users, agents or runs.</summary>
internal static class RunMetrics
{
    /// <summary>From a cached answer to a run that took its whole deadline.</summary>
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600],
    };

    private static readonly InstrumentAdvice<double> Dollars = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    };

    private static readonly Meter Meter = new(Signals.Meter);

    private static readonly Counter<long> Started = Meter.CreateCounter<long>(Metrics.RunsStarted, "{run}", "Runs accepted.");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        Metrics.RunDuration, "s", "From the run's acceptance to its end.", advice: Seconds);

    private static readonly Histogram<double> Cost = Meter.CreateHistogram(
        Metrics.RunCost, "{USD}", "What the model calls of a run have cost, where prices are known.", advice: Dollars);

    private static readonly Histogram<double> QueueDuration = Meter.CreateHistogram(
        Metrics.RunQueueDuration, "s", "From the run's acceptance to its first slice.", advice: Seconds);

    private static readonly Counter<long> Slices = Meter.CreateCounter<long>(Metrics.Slices, "{slice}", "Slices, by how they ended.");

    private static readonly Histogram<double> ToolDuration = Meter.CreateHistogram(
        Metrics.ToolDuration, "s", "Tool calls made, by how they came out.", advice: Seconds);

    private static readonly Counter<long> Commits = Meter.CreateCounter<long>(
        Metrics.JournalCommits, "{commit}", "Transactions that changed a run.");

    private static readonly Counter<long> Entries = Meter.CreateCounter<long>(
        Metrics.JournalEntries, "{entry}", "Entries written to journals, by kind.");

    private static readonly Counter<long> Replayed = Meter.CreateCounter<long>(
        Metrics.JournalReplayed, "{entry}", "Recorded steps that a slice took from the journal instead of doing them.");

    public static void RunStarted()
    {
        Started.Add(1);
        Commits.Add(1);
        Entries.Add(1, Tag(Attributes.EntryKind, EntryKind.Input.ToString()));
    }

    /// <summary>A transaction was committed; each is seen once, whoever repeats a write that did not get through.</summary>
    public static void Committed(Run run, IReadOnlyList<JournalEntry> entries)
    {
        Commits.Add(1);
        foreach (var entry in entries)
        {
            Entries.Add(1, Tag(Attributes.EntryKind, entry.Kind.ToString()));
        }

        if (run.IsTerminal)
        {
            Ended(run);
        }
    }

    /// <summary>Steps were read from the journal by the one who drives a run on.</summary>
    public static void TakenUp(IReadOnlyList<JournalEntry> entries) =>
        Replayed.Add(entries.Count(entry => entry.Kind is EntryKind.Model or EntryKind.Tool));

    public static void SliceBegan(Run run)
    {
        if (run is { Epoch: <= 1, Turns: 0, StartedAt: { } startedAt })
        {
            QueueDuration.Record((startedAt - run.CreatedAt).TotalSeconds);
        }
    }

    public static void SliceEnded(string end) => Slices.Add(1, Tag(Attributes.SliceEnd, end));

    public static void ToolCalled(string tool, StepStatus status, TimeSpan duration) =>
        ToolDuration.Record(duration.TotalSeconds, Tag(GenAi.ToolName, tool), Tag(Attributes.ToolStatus, status.ToString()));

    public static void Ended(Run run)
    {
        var duration = (run.CompletedAt - run.CreatedAt)?.TotalSeconds ?? 0;
        KeyValuePair<string, object?>[] tags =
            [Tag(Attributes.RunStatus, run.Status.ToString()), Tag(Attributes.StopReason, run.StopReason?.ToString())];
        Duration.Record(duration, tags);
        Cost.Record((double)run.Usage.CostUsd, Tag(GenAi.ResponseModel, run.ServedBy is [.., var last] ? last : run.Agent.Model));
    }

    private static KeyValuePair<string, object?> Tag(string name, string? value) => new(name, value);
}
