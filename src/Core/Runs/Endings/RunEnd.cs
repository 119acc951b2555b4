using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Endings;

/// <summary>The one place that ends runs, for every reason: nothing else makes a run terminal.</summary>
/// <param name="Run">The run as it is once it has ended, its lease given back.</param>
/// <param name="Entries">To be committed with it: the calls that had begun and will never have a result, as unknown.</param>
internal sealed record RunEnd(Run Run, IReadOnlyList<JournalEntry> Entries)
{
    /// <summary>Ends a run with the last thing that it said as its output.</summary>
    /// <param name="run">The run up to here.</param>
    /// <param name="transcript">Its journal up to here.</param>
    public static RunEnd Of(Run run, Transcript transcript, StopReason reason, DateTimeOffset now, RunError? error = null) =>
        Of(run, AbandonedCalls.In(transcript, now), reason, transcript.LastText, now, error);

    /// <summary>Ends a run with an answer, which is recorded with the end.</summary>
    /// <param name="run">The run up to here, the answer's usage included.</param>
    /// <param name="output">What the answer said, or what was said before it; null for nothing.</param>
    public static RunEnd With(Run run, JournalEntry answer, StopReason reason, string? output, DateTimeOffset now, RunError? error = null)
    {
        // No call waits for its result where a model is asked.
        var end = Of(run, [], reason, output, now, error);
        return end with { Entries = [answer, .. end.Entries] };
    }

    /// <summary>Ends a run whose content cannot be read, by what its rows say in plain.</summary>
    /// <param name="run">The run as its row says without being opened.</param>
    /// <param name="steps">What its journal says in plain of tool calls: see <see cref="AbandonedCalls"/>.</param>
    public static RunEnd Unread(Run run, IReadOnlyList<JournalEntry> steps, RunError error, DateTimeOffset now) =>
        Of(run, AbandonedCalls.In(run.Id, steps, now), StopReason.InternalError, output: null, now, error);

    private static RunEnd Of(
        Run run, IReadOnlyList<JournalEntry> begun, StopReason reason, string? output, DateTimeOffset now, RunError? error)
    {
        var ended = run with
        {
            Status = reason.Status(),
            StopReason = reason,
            Output = output,
            Error = error,
            StartedAt = run.StartedAt ?? now,
            CompletedAt = now,
            LeaseUntil = DateTimeOffset.UnixEpoch,
            Awaited = [],
            Usage = run.Usage with { ToolCalls = run.Usage.ToolCalls + begun.Count },
        };
        return new RunEnd(ended, begun);
    }
}
