namespace Yggdrasil.Conformance.Checks;

/// <summary>Orders of messages that runs and conversations really have.</summary>
internal static class HistoryChecks
{
    private const string Ask = "Reply with exactly this word and nothing else: banana";

    public static IReadOnlyList<Check> All { get; } =
    [
        new("conversation", "what was said before is known", ConversationAsync),
        new("two-users-in-a-row", "two user messages in a row are taken", (dialogue, cancellationToken) =>
            SaysBananaAsync(dialogue.User("Hello."), cancellationToken)),
        new("assistant-first", "a history that begins with an assistant message is taken", (dialogue, cancellationToken) =>
            SaysBananaAsync(dialogue.Assistant("How may I help?"), cancellationToken)),
        new("user-after-tool", "a user message right after a tool's result is taken", (dialogue, cancellationToken) =>
            SaysBananaAsync(dialogue.User("What is the code of Oslo?").Called("look_up_code", """{"city":"Oslo"}""", "kiwi-4711"), cancellationToken)),
    ];

    private static async Task<string?> ConversationAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        dialogue.User("Remember this number: 4711.").Assistant("I will remember 4711.").User("Which number was it? Reply with the number alone.");
        Expect.Says(await dialogue.AskAsync(cancellationToken), "4711");
        return null;
    }

    private static async Task<string?> SaysBananaAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        Expect.Says(await dialogue.User(Ask).AskAsync(cancellationToken), "banana");
        return null;
    }
}
