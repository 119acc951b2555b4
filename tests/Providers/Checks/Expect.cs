using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Conformance.Checks;

/// <summary>What checks look for in an answer.</summary>
internal static class Expect
{
    private const int QuoteLength = 120;

    /// <exception cref="CheckFailedException">It does not hold.</exception>
    public static void That(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new CheckFailedException(otherwise);
        }
    }

    public static void Says(ChatResponse response, string text) => That(
        response.Text.Contains(text, StringComparison.OrdinalIgnoreCase), $"The answer lacks \"{text}\": {Quote(response.Text)}");

    public static void Ended(ChatResponse response, ChatFinishReason reason) => That(
        response.FinishReason == reason, $"The answer ended as {response.FinishReason?.Value ?? "nothing"}, not as {reason.Value}.");

    /// <summary>The calls of an answer; at least one.</summary>
    public static IReadOnlyList<FunctionCallContent> Calls(ChatResponse response, string tool)
    {
        List<FunctionCallContent> calls = [.. response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()];
        That(calls.Count > 0, $"No tool was called: {Quote(response.Text)}");
        That(calls.TrueForAll(call => call.Name == tool), $"Tools were called by other names: {string.Join(", ", calls.Select(call => call.Name))}.");
        That(calls.TrueForAll(call => call.Exception is null), "The arguments of a call are no JSON object.");
        return calls;
    }

    public static string Argument(FunctionCallContent call, string name)
    {
        var value = call.Arguments is { } arguments && arguments.TryGetValue(name, out var found) ? found : null;
        That(value is not null, $"A call of {call.Name} lacks the argument {name}.");
        return value is JsonElement { ValueKind: JsonValueKind.String } text ? text.GetString()! : value!.ToString()!;
    }

    public static string Quote(string text) => text.Length switch
    {
        0 => "(nothing)",
        > QuoteLength => $"\"{text[..QuoteLength]}…\"",
        _ => $"\"{text}\"",
    };
}
