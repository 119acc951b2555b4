using Microsoft.Extensions.AI;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Conversations;

/// <summary>What one run added to its conversation. Written once, with the run's end, and never changed.</summary>
/// <param name="IsShown">
/// Whether later runs see it. A run that failed before a model answered, or at a content filter, would make every later one
/// fail in the same way.
/// </param>
/// <param name="Messages">Complete: every tool call has its result, and every message the time it came about.</param>
internal sealed record Exchange(long Sequence, string RunId, bool IsShown, IReadOnlyList<ChatMessage> Messages)
{
    /// <param name="entries">The run's whole journal.</param>
    public static Exchange Of(Run ended, long sequence, IReadOnlyList<JournalEntry> entries)
    {
        var isRefused = ended.StopReason == StopReason.ContentFilter
            || (ended.Status == RunStatus.Failed && !entries.Any(entry => entry is { Kind: EntryKind.Model, Messages.Count: > 0 }));
        var transcript = Dated(entries);
        return new Exchange(sequence, ended.Id, !isRefused, [.. transcript.All, .. ResultsOfWhatIsPending(ended, transcript)]);
    }

    /// <summary>The messages of a run that goes on; calls may still be without a result.</summary>
    /// <remarks>Shown as far as it is known here: steps that only a newer version knows are left out.</remarks>
    public static IReadOnlyList<ChatMessage> SoFar(IReadOnlyList<JournalEntry> entries) =>
        Dated([.. entries.Where(entry => entry.Kind != EntryKind.Unknown)]).All;

    private static Transcript Dated(IReadOnlyList<JournalEntry> entries) =>
        new([], entries.Select(entry => entry with { Messages = [.. entry.Messages.Select(message => At(message, entry.StartedAt + entry.Duration))] }));

    /// <summary>Providers refuse a conversation in which a call has no result.</summary>
    private static IEnumerable<ChatMessage> ResultsOfWhatIsPending(Run ended, Transcript transcript) =>
        transcript.PendingCalls.Select(call => At(
            new ChatMessage(
                ChatRole.Tool,
                [new FunctionResultContent(call.Content.CallId, call.Intent is null ? ToolExecutor.NotMade : ToolExecutor.UnknownOutcome)]),
            ended.CompletedAt ?? ended.CreatedAt));

    private static ChatMessage At(ChatMessage message, DateTimeOffset time)
    {
        var copy = message.Clone();
        copy.CreatedAt = time;
        return copy;
    }
}
