using Microsoft.Extensions.AI;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Store;

/// <summary>What a fork takes over from the journal of another run: the turns before its first own one, complete.</summary>
/// <remarks>
/// A turn whose calls all have their results never changes again, so a fork of it is the same whenever it is made, also while
/// the run goes on. A run that has ended may have left calls without results. A fork makes those that were not begun; one that
/// goes on with another input tells the model that they were not made, because providers refuse a call without its result.
/// </remarks>
internal static class ForkedJournal
{
    /// <param name="entries">The run's journal.</param>
    /// <param name="history">What the run was shown of its conversation; null outside of one.</param>
    /// <param name="fromTurn">The first turn that is not taken over.</param>
    /// <param name="input">What is asked after what is taken over; empty where nothing is.</param>
    /// <exception cref="InvalidRequestException">The run has no such turn, or the fork has nothing to ask.</exception>
    /// <exception cref="ConflictException">The last turn to be taken over is not complete yet.</exception>
    public static IReadOnlyList<JournalEntry> Of(
        Run source, IReadOnlyList<JournalEntry> entries, ConversationHistory? history, int fromTurn, IReadOnlyList<ChatMessage> input, DateTimeOffset now)
    {
        var turns = TurnsOf(entries);
        if (fromTurn < 1 || fromTurn > turns + 1)
        {
            throw new InvalidRequestException("fromTurn", $"Must be between 1 and {turns + 1}: the run has {turns} turns so far.");
        }

        // A summary belongs to the turn it was made for, and stands for what came before that.
        List<JournalEntry> kept = [.. entries.Where(entry =>
            entry.Turn < fromTurn || (entry.Kind == EntryKind.Summary && entry.Turn == fromTurn))];
        if (kept.Exists(entry => entry.Kind == EntryKind.Unknown))
        {
            throw new ConflictException("The run has a step that only a newer version of this service knows; try again when the update is through.");
        }

        var pending = new Transcript([], kept).PendingCalls;
        if (pending.Count > 0 && !source.IsTerminal)
        {
            throw new ConflictException(
                $"Turn {fromTurn - 1} of the run still waits for its tool calls. Fork from an earlier turn, or once they are done.");
        }

        if (input.Count == 0 && HasAnswered(kept))
        {
            throw new InvalidRequestException("input", $"Is required: the model gave its answer in turn {fromTurn - 1}, so there is nothing to ask.");
        }

        // What else there is about a call that was never made, such as a decision, was about the other run's.
        var open = pending.Select(call => call.CallId).ToHashSet();
        kept.RemoveAll(entry => entry.Kind != EntryKind.Intent && entry.CallId is { } call && open.Contains(call));
        var inherited = WithHistory(kept, history)
            .Concat(input.Count == 0 ? [] : pending.Select(call => NotMade(call, now)))
            .Select(entry => entry with { Inherited = true });
        return input.Count == 0 ? [.. inherited] : [.. inherited, Input(fromTurn, input, now)];
    }

    /// <summary>How many turns a journal has.</summary>
    public static int TurnsOf(IReadOnlyList<JournalEntry> entries) => entries.Max(entry => entry.Kind == EntryKind.Model ? entry.Turn : 0);

    private static bool HasAnswered(List<JournalEntry> kept) =>
        kept.Last(entry => entry.Kind is EntryKind.Input or EntryKind.Model or EntryKind.Repair) is { Kind: EntryKind.Model } answer
        && !answer.ToolCalls().Any();

    /// <summary>A fork is outside the conversation, so it brings along what its run was shown of it.</summary>
    private static List<JournalEntry> WithHistory(List<JournalEntry> kept, ConversationHistory? history)
    {
        if (history is null)
        {
            return kept;
        }

        // Before the run's own messages, as the run had them: summaries count both.
        var input = kept[0] with { Messages = [.. history.Messages, .. kept[0].Messages] };
        List<JournalEntry> summary = history.Summary is { } earlier
            ? [new JournalEntry { Kind = EntryKind.Summary, StartedAt = input.StartedAt, Covers = 0, Messages = [earlier] }]
            : [];
        return [input, .. summary, .. kept.Skip(1)];
    }

    private static JournalEntry NotMade(PendingCall call, DateTimeOffset now) => new()
    {
        Kind = EntryKind.Tool,
        Turn = call.Turn,
        CallId = call.CallId,
        Name = call.Intent?.Name,
        Status = call.Intent is null ? StepStatus.Refused : StepStatus.Unknown,
        StartedAt = now,
        Messages =
        [
            new ChatMessage(
                ChatRole.Tool,
                [new FunctionResultContent(call.Content.CallId, call.Intent is null ? ToolExecutor.NotMade : ToolExecutor.UnknownOutcome)]),
        ],
    };

    /// <summary>Of the last turn taken over, so that a fork of the fork from the next one takes it over too.</summary>
    private static JournalEntry Input(int fromTurn, IReadOnlyList<ChatMessage> input, DateTimeOffset now) => new()
    {
        Kind = EntryKind.Input,
        Turn = fromTurn - 1,
        StartedAt = now,
        Messages = input,
    };
}
