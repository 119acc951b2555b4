using Microsoft.Extensions.AI;

namespace Yggdrasil.Runs.Conversations;

/// <summary>What a model is shown of a conversation before a run's own messages.</summary>
/// <param name="Summary">What stands for everything before <paramref name="Parts"/>; null when nothing does.</param>
internal sealed record ConversationHistory(ChatMessage? Summary, IReadOnlyList<HistoryPart> Parts)
{
    public static readonly ConversationHistory None = new(null, []);

    public IEnumerable<ChatMessage> Messages => Parts.SelectMany(part => part.Messages);

    /// <summary>
    /// Where the conversation's window begins, when <paramref name="start"/> messages of these and of the run's own are left
    /// out. The first message of an exchange is what its user asked: it is shown as long as any message of the exchange is.
    /// </summary>
    /// <param name="own">The exchange that the run itself will be.</param>
    public (long From, int Skip) PositionOf(int start, long own)
    {
        foreach (var part in Parts)
        {
            if (start < part.Messages.Count)
            {
                return (part.Sequence, part.Skip + Math.Max(0, start - 1));
            }

            start -= part.Messages.Count;
        }

        return (own, Math.Max(0, start - 1));
    }

    /// <summary>What the next run is shown: from the place where the window begins now, with the run's own messages after it.</summary>
    public ConversationHistory Then(HistoryRange range, ChatMessage? summary, HistoryPart own) => new(
        summary,
        [.. Parts.Append(own).Where(part => part.Sequence >= range.From).Select(part => part.Sequence == range.From ? part.From(range.Skip) : part)]);
}

/// <summary>What is shown of one exchange.</summary>
/// <param name="Skip">Messages after its first that are left out.</param>
/// <param name="Messages">The others; none of an exchange that is not shown.</param>
internal sealed record HistoryPart(long Sequence, int Skip, IReadOnlyList<ChatMessage> Messages)
{
    /// <summary>The same exchange with more of it left out.</summary>
    public HistoryPart From(int skip) => skip <= Skip || Messages.Count == 0
        ? this
        : new HistoryPart(Sequence, skip, [Messages[0], .. Messages.Skip(1 + skip - Skip)]);
}
