using Microsoft.Extensions.AI;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Loop;

/// <summary>The one chance that a model gets to correct an answer which does not fit the agent's schema.</summary>
internal static class AnswerRepair
{
    /// <param name="answer">The answer that is refused.</param>
    /// <param name="errors">What is wrong with it, in sentences.</param>
    public static JournalEntry Request(JournalEntry answer, IReadOnlyList<string> errors, DateTimeOffset now) => new()
    {
        Kind = EntryKind.Repair,
        Turn = answer.Turn,
        StartedAt = now,
        Messages = [new ChatMessage(ChatRole.User, Text(errors))],
    };

    private static string Text(IEnumerable<string> errors) =>
        $"Your answer does not fit the JSON schema it has to follow. {string.Join(" ", errors)} Answer again, with the corrected JSON and nothing else.";
}
