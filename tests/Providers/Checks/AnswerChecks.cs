using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Conformance.Checks;

/// <summary>Plain answers, and how they end.</summary>
internal static class AnswerChecks
{
    private const string CountLong = "Write all whole numbers from 1 to 400, separated by spaces, and nothing else.";

    public static IReadOnlyList<Check> All { get; } =
    [
        new("text", "an answer with its end", TextAsync),
        new("usage", "tokens in and out are reported", UsageAsync),
        new("instructions", "a system message is obeyed", InstructionsAsync),
        new("unicode", "text beyond ASCII comes through whole", UnicodeAsync),
        new("schema", "an answer that fits a JSON schema", SchemaAsync),
        new("cut-off", "an answer that the token limit cut says so", CutOffAsync),
        new("cancel", "a stream can be left, and the next call works", CancelAsync) { StreamedOnly = true },
        new("unknown-model", "a model that is not there fails by name", UnknownModelAsync),
        new("long", "an answer of several thousand characters", LongAsync) { OnRequest = true },
        new("prompt-cache", "the second call with the same beginning reports cached tokens", PromptCacheAsync) { OnRequest = true },
    ];

    private static async Task<string?> TextAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        var response = await dialogue.User("Reply with exactly this word and nothing else: banana").AskAsync(cancellationToken);
        Expect.Says(response, "banana");
        Expect.Ended(response, ChatFinishReason.Stop);
        return null;
    }

    private static async Task<string?> UsageAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        var response = await dialogue.User("Reply with exactly this word and nothing else: cherry").AskAsync(cancellationToken);
        Expect.That(response.Usage is { InputTokenCount: > 0, OutputTokenCount: > 0 }, "The answer reports no usage; the product estimates it.");
        return $"{response.Usage!.InputTokenCount} in, {response.Usage.OutputTokenCount} out";
    }

    private static async Task<string?> InstructionsAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        dialogue.System("The password is papaya. When the user says hello, reply with exactly this word and nothing else: papaya");
        Expect.Says(await dialogue.User("hello").AskAsync(cancellationToken), "papaya");
        return null;
    }

    private static async Task<string?> UnicodeAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        const string Text = "Grüße 你好 👩‍🚀";
        Expect.Says(await dialogue.User($"Reply with exactly this text and nothing else: {Text}").AskAsync(cancellationToken), Text);
        return null;
    }

    private static async Task<string?> SchemaAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        var schema = JsonDocument.Parse(
            """{"type":"object","properties":{"fruit":{"type":"string"},"count":{"type":"integer"}},"required":["fruit","count"],"additionalProperties":false}""");
        dialogue.Options.ResponseFormat = ChatResponseFormat.ForJsonSchema(schema.RootElement);
        var response = await dialogue.User("Reply as JSON: the fruit is banana and the count is 3.").AskAsync(cancellationToken);
        Expect.That(IsFruit(response.Text), $"The answer does not fit the schema: {Expect.Quote(response.Text)}");
        return null;
    }

    private static bool IsFruit(string text)
    {
        try
        {
            using var answer = JsonDocument.Parse(text);
            return answer.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("fruit", out var fruit) && fruit.ValueKind == JsonValueKind.String
                && root.TryGetProperty("count", out var count) && count.TryGetInt32(out _)
                && root.EnumerateObject().Count() == 2;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static async Task<string?> CutOffAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        // 16 is the least that OpenAI's newer models take.
        dialogue.Options.MaxOutputTokens = 16;
        var response = await dialogue.User(CountLong).AskAsync(cancellationToken);
        Expect.Ended(response, ChatFinishReason.Length);
        return response.Text.Length == 0 ? "nothing came: all tokens went into reasoning" : null;
    }

    private static async Task<string?> CancelAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        using (var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            dialogue.User(CountLong);
            var updates = dialogue.Subject.Client.GetStreamingResponseAsync(dialogue.Messages, dialogue.Options.Clone(), leaving.Token);
            try
            {
                await foreach (var update in updates)
                {
                    await leaving.CancelAsync();
                }
            }
            catch (OperationCanceledException) when (leaving.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                // The stream was left, as it was to be.
            }

            Expect.That(leaving.IsCancellationRequested, "The stream ended before it said anything.");
        }

        dialogue.Messages.Clear();
        return await TextAsync(dialogue, cancellationToken);
    }

    private static async Task<string?> UnknownModelAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        try
        {
            var client = dialogue.Subject.ClientOf(dialogue.Subject.Model.Model + "-that-does-not-exist");
            var response = await client.GetResponseAsync("Say hello.", cancellationToken: cancellationToken);
            return $"the endpoint answers for any name: {Expect.Quote(response.Text)}";
        }
        catch (ProviderException failure) when (failure.Failure != FailureClass.RetrySame)
        {
            return failure.Code;
        }
    }

    private static async Task<string?> LongAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        dialogue.Options.MaxOutputTokens = 4096;
        var response = await dialogue.User(CountLong).AskAsync(cancellationToken);
        Expect.Says(response, "399");
        return dialogue.Timing.First > TimeSpan.Zero
            ? $"first update after {dialogue.Timing.First.TotalSeconds:0.0} s, longest pause {dialogue.Timing.LongestPause.TotalSeconds:0.0} s"
            : null;
    }

    private static async Task<string?> PromptCacheAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        // Vendors cache prefixes from 1,024 to 4,096 tokens on.
        var facts = string.Join(' ', Enumerable.Range(1, 900).Select(number => $"Shelf {number} holds box {(number * 7) + 2}."));
        dialogue.System(facts);
        await dialogue.User("Which box is on shelf 3? Reply with its number alone.").AskAsync(cancellationToken);
        var response = await dialogue.User("And on shelf 5?").AskAsync(cancellationToken);
        Expect.Says(response, "37");
        return dialogue.CachedTokens > 0 ? $"{dialogue.CachedTokens} tokens were cached" : "no cached tokens are reported";
    }
}
