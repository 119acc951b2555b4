using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Store;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Model;

/// <summary>Calls that were begun, or given to the caller to make, and will never have a result, because their run ends before.</summary>
internal static class AbandonedCalls
{
    /// <summary>The entries that say so: a call that may have taken effect must not be missing from the run's steps.</summary>
    public static IReadOnlyList<JournalEntry> In(Transcript transcript, DateTimeOffset now) =>
        [.. transcript.PendingCalls
            .Where(call => call.Intent is not null || call.IsWithClient)
            .Select(call => Entry(call.Intent ?? call.Request!, call.Content.CallId, now))
            .Take(RunStore.MaxEntriesPerCommit)];

    /// <summary>The same of a journal whose content cannot be read, by what its rows say in plain.</summary>
    /// <param name="steps">The run's entries of the kinds <see cref="EntryKind.Intent"/>, <see cref="EntryKind.ToolAwaited"/> and <see cref="EntryKind.Tool"/>.</param>
    public static IReadOnlyList<JournalEntry> In(string runId, IReadOnlyList<JournalEntry> steps, DateTimeOffset now)
    {
        var finished = steps.Where(step => step.Kind == EntryKind.Tool).Select(step => step.CallId).ToHashSet();
        return [.. steps
            .Where(step => step.Kind != EntryKind.Tool && !finished.Contains(step.CallId))
            .DistinctBy(step => step.CallId)
            .Select(step => Entry(step, Ids.WireToolCall(runId, step.CallId!), now))
            .Take(RunStore.MaxEntriesPerCommit)];
    }

    private static JournalEntry Entry(JournalEntry intent, string wireId, DateTimeOffset now) => new()
    {
        Kind = EntryKind.Tool,
        Turn = intent.Turn,
        CallId = intent.CallId,
        Name = intent.Name,
        ChildRun = intent.ChildRun,
        Status = StepStatus.Unknown,
        StartedAt = intent.StartedAt,
        Duration = now - intent.StartedAt,
        Messages = [new ChatMessage(ChatRole.Tool, [new FunctionResultContent(wireId, ToolExecutor.UnknownOutcome)])],
    };
}
