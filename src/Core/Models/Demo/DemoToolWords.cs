using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Yggdrasil.Models.Demo;

/// <summary>
/// Finds the name of a tool in the words of a sentence: "Please find the order A-1042" calls <c>find_order</c>. What stands after the
/// name is the argument, where the tool takes one. The tools that <see cref="DemoPrompt"/> has sentences for are left to it.
/// </summary>
internal static class DemoToolWords
{
    // "find me the order" and "find, if you please, an order" are three words apart at most.
    private const int MaxGap = 3;

    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant;

    private static readonly Regex Sentence = new(@"[^\n.!?;]+(?:[.!?;]+[^\s.!?;][^\n.!?;]*)*", Options);
    private static readonly Regex Token = new(@"\S+", Options);
    private static readonly Regex Please = new(@"[\s,]+please$", Options);
    private static readonly Regex Quoted = new("[\"“]([^\"“”]*)[\"”]", Options);

    private static readonly char[] Punctuation = [',', '.', ':', ';', '!', '?', '"', '\'', '`', '(', ')', '“', '”', '#'];

    // Between a tool's name and its argument.
    private static readonly FrozenSet<string> Fillers = new[]
    {
        "a", "an", "the", "my", "our", "with", "for", "of", "in", "at", "on", "to", "by", "about", "is", "named", "called", "number", "no", "nr", "id", "please",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The calls of a prompt, and the prompt without the sentences that ask for them.</summary>
    /// <param name="prompt">What the user wrote.</param>
    /// <param name="tools">The tools that the agent has.</param>
    /// <param name="limit">How many calls are read. The rest stays in the prompt.</param>
    public static (IReadOnlyList<DemoAction> Actions, string Remainder) Read(string prompt, IReadOnlyList<DemoTool> tools, int limit)
    {
        // The longest name first: "find order lines" is not about find_order.
        (DemoTool Tool, string[] Words)[] named = [.. tools.Where(tool => !tool.IsBuiltIn)
            .Select(tool => (tool, Words: Words(tool.Name) is { Length: > 0 } words ? words : [tool.Name])).OrderByDescending(tool => tool.Words.Length)];
        List<DemoAction> actions = [];
        var rest = new StringBuilder();
        var read = 0;
        for (var match = Sentence.Match(prompt); named.Length > 0 && match.Success && actions.Count < limit; match = match.NextMatch())
        {
            if (Read(match.Value, named) is { } action)
            {
                actions.Add(action);
                rest.Append(prompt, read, match.Index - read);
                read = match.Index + match.Length;
            }
        }

        return (actions, rest.Append(prompt, read, prompt.Length - read).ToString());
    }

    private static DemoAction? Read(string sentence, IEnumerable<(DemoTool Tool, string[] Words)> tools)
    {
        var tokens = Token.Matches(sentence);
        string[] words = [.. tokens.Select(token => token.Value.Trim(Punctuation).ToLowerInvariant())];
        foreach (var (tool, name) in tools)
        {
            if (EndOfName(words, tool.Name, name) is { } end)
            {
                var (from, last) = (tokens[end].Index + tokens[end].Length, end + 1);
                return Call(tool, Value(sentence[from..], words[last..], [.. tool.Required, .. tool.Optional]));
            }
        }

        return null;
    }

    /// <summary>The token with which a tool's name ends: the name itself, or its words in order and close together.</summary>
    private static int? EndOfName(string[] words, string name, string[] parts)
    {
        for (var start = 0; start < words.Length; start++)
        {
            if (words[start] == name)
            {
                return start;
            }

            if (words[start] != parts[0])
            {
                continue;
            }

            var end = start;
            var found = parts.Skip(1).All(part =>
            {
                var next = Array.IndexOf(words, part, end + 1, Math.Min(MaxGap + 1, words.Length - end - 1));
                end = next < 0 ? end : next;
                return next >= 0;
            });
            if (found)
            {
                return end;
            }
        }

        return null;
    }

    private static DemoAction Call(DemoTool tool, string value)
    {
        var parameter = tool switch
        {
            { Required: [var only] } => only,
            { Required: [], Optional: [var only] } when value.Length > 0 => only,
            _ => null,
        };
        if (parameter is null)
        {
            return tool.Required.Count == 0 ? DemoAction.Call(tool.Name, new Dictionary<string, object?>()) : DemoAction.Refuse(tool.HowToCall);
        }

        return value.Length > 0 && parameter.Read(value) is { } argument
            ? DemoAction.Call(tool.Name, new Dictionary<string, object?> { [parameter.Name] = argument })
            : DemoAction.Refuse(tool.HowToCall);
    }

    /// <summary>What is in quotes, or else the words after the name without those that lead to the argument.</summary>
    private static string Value(string text, string[] words, IEnumerable<DemoParameter> parameters)
    {
        if (Quoted.Match(text) is { Success: true } quoted)
        {
            return quoted.Groups[1].Value;
        }

        var own = parameters.SelectMany(parameter => Words(parameter.Name)).ToHashSet(StringComparer.Ordinal);
        var fillers = words.TakeWhile(word => word.Length == 0 || Fillers.Contains(word) || own.Contains(word)).Count();
        return Please.Replace(string.Join(' ', Token.Matches(text).Skip(fillers).Select(token => token.Value)).Trim(Punctuation), "");
    }

    /// <summary>Of <c>find_order</c> and of <c>orderNumber</c> alike.</summary>
    private static string[] Words(string name) =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(name).Split(['_', '-', '.'], StringSplitOptions.RemoveEmptyEntries);
}
