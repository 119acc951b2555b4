using Microsoft.Extensions.AI;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs;

/// <summary>Calls that were begun and will never have a result, because their run ends before.</summary>
internal static class AbandonedCalls
{
    /// <summary>The entries that say so: a call that may have taken effect must not be missing from the run's steps.</summary>
    public static IReadOnlyList<JournalEntry> In(Transcript transcript, DateTimeOffset now) =>
        [.. transcript.PendingCalls.Where(call => call.Intent is not null).Select(call => Entry(call, call.Intent!, now)).Take(RunStore.MaxEntriesPerCommit)];

    private static JournalEntry Entry(PendingCall call, JournalEntry intent, DateTimeOffset now) => new()
    {
        Kind = EntryKind.Tool,
        Turn = call.Turn,
        CallId = call.CallId,
        Name = intent.Name,
        ChildRun = intent.ChildRun,
        Status = StepStatus.Unknown,
        StartedAt = intent.StartedAt,
        Duration = now - intent.StartedAt,
        Messages = [new ChatMessage(ChatRole.Tool, [new FunctionResultContent(call.Content.CallId, ToolExecutor.UnknownOutcome)])],
    };
}
