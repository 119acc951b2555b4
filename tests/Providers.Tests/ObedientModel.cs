using System.Text.Json;
using System.Text.RegularExpressions;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Conformance.Tests;

/// <summary>A model that does what the checks' prompts ask for, as a capable one would.</summary>
internal static partial class ObedientModel
{
    /// <summary>What stands beside each call that Gemini's model makes.</summary>
    public const string Signature = "c2lnbmF0dXJlLW9mLXRoZS10aG91Z2h0";

    private const string Lookup = "look_up_code";
    private const string Roll = "roll_dice";

    public static ModelReply Answer(ModelRequest request)
    {
        var results = request.ToolResults;
        var asked = request.LastUserText;
        if (results.Count == 0 && request.Tools.Count > 0 && Calls(asked) is { Length: > 0 } calls)
        {
            return ModelReply.ToolCalls(calls);
        }

        if (Limit(request.Body) <= 16)
        {
            return ModelReply.Text("1 2 3 4") with { FinishReason = "length" };
        }

        return ModelReply.Text(results.Count > 0 ? Told(results) : Said(asked, string.Join('\n', request.Messages.Select(message => message.Content))));
    }

    private static (string, string)[] Calls(string asked) => asked switch
    {
        _ when !asked.Contains("Use the tool", StringComparison.Ordinal) => [],
        _ when asked.Contains(Roll, StringComparison.Ordinal) => [(Roll, "")],
        _ => [.. City().Matches(asked).Select(city => (Lookup, $$"""{ "city" : "{{city.Value}}" }"""))],
    };

    private static string Told(IReadOnlyList<string> results) => results.Any(result => result.Contains("Error", StringComparison.Ordinal))
        ? "failed"
        : string.Join(" and ", results);

    private static string Said(string asked, string all) => asked switch
    {
        _ when Exactly().Match(asked) is { Success: true } match => match.Groups[1].Value,
        _ when asked.Contains("hello", StringComparison.Ordinal) && all.Contains("papaya", StringComparison.Ordinal) => "papaya",
        _ when asked.Contains("Reply as JSON", StringComparison.Ordinal) => """{"fruit":"banana","count":3}""",
        _ when asked.Contains("4711", StringComparison.Ordinal) || all.Contains("4711", StringComparison.Ordinal) => "It is 4711.",
        _ when asked.Contains("1 to 400", StringComparison.Ordinal) => string.Join(' ', Enumerable.Range(1, 400)),
        _ when asked.Contains("shelf 5", StringComparison.Ordinal) && all.Contains("Shelf 5 holds box 37", StringComparison.Ordinal) => "37",
        _ => "I do not know.",
    };

    private static int Limit(JsonElement body) =>
        body.TryGetProperty("max_tokens", out var limit) || body.TryGetProperty("max_completion_tokens", out limit) ? limit.GetInt32() : int.MaxValue;

    [GeneratedRegex("exactly this (?:word|text) and nothing else: (.+?)\\s*$", RegexOptions.Singleline)]
    private static partial Regex Exactly();

    [GeneratedRegex("Oslo|Rome")]
    private static partial Regex City();
}
