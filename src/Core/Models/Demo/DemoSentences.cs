using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Demo;

/// <summary>Says in plain English what came of a tool call.</summary>
internal static class DemoSentences
{
    private const int MostOfAPage = 300;

    private static readonly Regex TimeOfDay = new(
        @"(?:^|[^\d:])(\d{1,2}:\d{2})(?:[^\d]|$)", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    public static string CannotCall(DemoAction action) => action.Mistake ?? $"{What(action)} takes the tool {action.Tool}, which this agent does not have.";

    public static string Tell(DemoAction action, FunctionResultContent? result)
    {
        var text = Text(result);
        if (result is null || result.Exception is not null || IsError(text))
        {
            return $"{What(action)} failed: {Shorten(text.Length > 0 ? text : "the tool gave no result")}";
        }

        return action.Tool switch
        {
            _ when action.IsNamed => $"{action.Tool} answered: {Shorten(text)}",
            _ when IsAgent(action) => $"{Agent(action)} says: {Shorten(text)}",
            DemoAction.Calculator => $"{action.Subject} = {Shorten(text)}.",
            DemoAction.Clock when TimeOfDay.Match(text) is { Success: true } match =>
                $"In {action.Subject} it is {match.Groups[1].Value} ({action.Arguments["timeZone"]}).",
            DemoAction.Clock => $"The clock says for {action.Subject}: {Shorten(text)}",
            DemoAction.HttpGet => $"{action.Subject} answered: {Shorten(text)}",
            _ => $"I sent it to {action.Subject}, which answered: {Shorten(text)}",
        };
    }

    private static string What(DemoAction action) => action.Tool switch
    {
        _ when action.IsNamed => $"Calling {action.Tool}",
        _ when IsAgent(action) => $"Asking {Agent(action)}",
        DemoAction.Calculator => $"Working out {action.Subject}",
        DemoAction.Clock => $"Telling the time in {action.Subject}",
        DemoAction.HttpGet => $"Fetching {action.Subject}",
        _ => $"Sending to {action.Subject}",
    };

    private static bool IsAgent(DemoAction action) => action.Tool.StartsWith(DemoAction.AgentPrefix, StringComparison.Ordinal);

    private static string Agent(DemoAction action) => action.Tool[DemoAction.AgentPrefix.Length..];

    /// <summary>Tools answer in plain text or JSON; of an object with a single obvious value only that is of interest.</summary>
    private static string Text(FunctionResultContent? result)
    {
        var text = result?.Result switch
        {
            null => "",
            string plain => plain,
            JsonElement { ValueKind: JsonValueKind.String } json => json.GetString()!,
            var other => other.ToString() ?? "",
        };
        return Property(text, "error") is { } error ? $"error: {error}" : Property(text, "result") ?? text.Trim();
    }

    private static bool IsError(string text) => text.StartsWith("error", StringComparison.OrdinalIgnoreCase);

    private static string? Property(string text, string name)
    {
        if (!text.StartsWith('{'))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.TryGetProperty(name, out var value) ? value.ToString() : null;
        }
        catch (JsonException)
        {
            // Not JSON after all, or cut short: it is shown as it came.
            return null;
        }
    }

    private static string Shorten(string text)
    {
        if (text.Length <= MostOfAPage)
        {
            return text;
        }

        // Half a surrogate pair is no text: it would not survive being stored.
        var end = char.IsHighSurrogate(text[MostOfAPage - 1]) ? MostOfAPage - 1 : MostOfAPage;
        return $"{text[..end]}…";
    }
}
