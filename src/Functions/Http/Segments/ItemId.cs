using System.Globalization;
using System.Text.RegularExpressions;

namespace Yggdrasil.Functions.Http.Segments;

/// <summary>The id of an item, which leads back to its run: no index is needed.</summary>
/// <param name="Prefix">What kind of item it is.</param>
/// <param name="Input">For an item of the input: which.</param>
internal sealed partial record ItemId(string Prefix, string RunId, int Turn, int Call, int? Input)
{
    private const string RunPrefix = "run_";

    /// <summary>Our id of the call that it is of.</summary>
    public string CallId => Foundation.Ids.ToolCall(Turn, Call);

    /// <summary>What the ids of a run's items have in common.</summary>
    public static string Suffix(string runId) => runId[RunPrefix.Length..];

    /// <summary>A call of a tool of the caller, as the caller knows it.</summary>
    public static string CallOf(string runId, string callId) => $"call_{Suffix(runId)}_{callId}";

    public static string ApprovalOf(string runId, string callId) => $"mcpr_{Suffix(runId)}_{callId}";

    /// <returns>Null for an id that is none of ours.</returns>
    public static ItemId? Parse(string id)
    {
        if (Form().Match(id) is not { Success: true } match)
        {
            return null;
        }

        int Number(string group) => match.Groups[group].Success ? int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture) : 0;
        return new ItemId(
            match.Groups["prefix"].Value, $"{RunPrefix}{match.Groups["run"].Value}", Number("turn"), Number("call"), match.Groups["input"].Success ? Number("input") : null);
    }

    [GeneratedRegex("^(?<prefix>msg|mcp|mcpr|fc|call)_(?<run>[0-9a-z]{10,40})_(?:t(?<turn>[0-9]{1,4})(?:c(?<call>[0-9]{1,4}))?|i(?<input>[0-9]{1,4}))$")]
    private static partial Regex Form();
}
