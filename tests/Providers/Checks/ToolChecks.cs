using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Conformance.Checks;

/// <summary>Tools: called, answered, and left behind in the history.</summary>
internal static class ToolChecks
{
    private const string Lookup = "look_up_code";
    private const string Roll = "roll_dice";

    public static IReadOnlyList<Check> All { get; } =
    [
        new("tool", "a tool is called and its result used", OneToolAsync),
        new("tools-at-once", "several calls for one question, all answered", SeveralCallsAsync),
        new("tool-without-parameters", "a tool that takes nothing is called", WithoutParametersAsync),
        new("tool-failure", "a tool's failure is told and the model goes on", FailureAsync),
        new("tool-history", "calls of earlier turns, with the product's ids, are taken back", HistoryAsync),
        new("made-up-tool", "a call of a tool that never was does not spoil later turns", MadeUpToolAsync),
    ];

    private static AITool LookupTool { get; } = AIFunctionFactory.CreateDeclaration(
        Lookup,
        "Looks up the secret code of a city. Call it once for each city.",
        JsonDocument.Parse(
            """{"type":"object","properties":{"city":{"type":"string","description":"The city's name."}},"required":["city"],"additionalProperties":false}""").RootElement);

    private static AITool RollTool { get; } = AIFunctionFactory.CreateDeclaration(
        Roll, "Rolls a die and returns what it shows.", JsonDocument.Parse("""{"type":"object","properties":{}}""").RootElement);

    private static async Task<string?> OneToolAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        dialogue.Offer(LookupTool, RollTool).User($"Use the tool {Lookup} to find the secret code of Oslo, then tell me the code.");
        var call = Expect.Calls(await dialogue.AskAsync(cancellationToken), Lookup)[0];
        Expect.That(
            Expect.Argument(call, "city").Contains("Oslo", StringComparison.OrdinalIgnoreCase), "The call is not about Oslo.");
        dialogue.Answer(_ => "kiwi-4711");
        Expect.Says(await dialogue.AskAsync(cancellationToken), "4711");
        return null;
    }

    private static async Task<string?> SeveralCallsAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        dialogue.Offer(LookupTool)
            .User($"Use the tool {Lookup} for Oslo and for Rome, both at once if you can. Then tell me both codes.");
        var first = Expect.Calls(await dialogue.AskAsync(cancellationToken), Lookup);
        Expect.That(
            first.Select(call => Expect.Argument(call, "city")).Distinct(StringComparer.OrdinalIgnoreCase).Count() == first.Count,
            "Two calls are about the same city.");
        dialogue.Answer(CodeOf);
        var response = await dialogue.AskAsync(cancellationToken);
        if (first.Count == 1)
        {
            Expect.Calls(response, Lookup);
            dialogue.Answer(CodeOf);
            response = await dialogue.AskAsync(cancellationToken);
        }

        Expect.Says(response, "1111");
        Expect.Says(response, "2222");
        return first.Count > 1 ? "in one turn" : "one after another";
    }

    private static string CodeOf(FunctionCallContent call) =>
        Expect.Argument(call, "city").Contains("Oslo", StringComparison.OrdinalIgnoreCase) ? "kiwi-1111" : "kiwi-2222";

    private static async Task<string?> WithoutParametersAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        dialogue.Offer(RollTool).User($"Use the tool {Roll} once and tell me what it shows.");
        Expect.Calls(await dialogue.AskAsync(cancellationToken), Roll);
        dialogue.Answer(_ => "17");
        Expect.Says(await dialogue.AskAsync(cancellationToken), "17");
        return null;
    }

    private static async Task<string?> FailureAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        dialogue.Offer(LookupTool)
            .User($"Use the tool {Lookup} to find the secret code of Oslo. If the tool fails, do not call it again but reply with exactly this word: failed");
        Expect.Calls(await dialogue.AskAsync(cancellationToken), Lookup);
        dialogue.Answer(_ => "Error: the register is closed today.");
        Expect.Says(await dialogue.AskAsync(cancellationToken), "failed");
        return null;
    }

    private static async Task<string?> HistoryAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        dialogue.Offer(LookupTool)
            .User("What is the secret code of Oslo?")
            .Called(Lookup, """{"city":"Oslo"}""", "kiwi-4711")
            .Assistant("The code of Oslo is kiwi-4711.")
            .User("Repeat the code of Oslo. Do not use a tool.");
        Expect.Says(await dialogue.AskAsync(cancellationToken), "4711");
        return null;
    }

    private static async Task<string?> MadeUpToolAsync(Dialogue dialogue, CancellationToken cancellationToken)
    {
        dialogue.Offer(LookupTool)
            .User("What is the secret code of Oslo?")
            .Called("<|channel|>functions.find-the-code.v2", """{"city":"Oslo"}""", "There is no such tool.")
            .Assistant("I could not find it.")
            .User("Reply with exactly this word and nothing else: banana");
        Expect.Says(await dialogue.AskAsync(cancellationToken), "banana");
        return null;
    }
}
