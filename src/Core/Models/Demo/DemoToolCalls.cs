using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Yggdrasil.Models.Demo;

/// <summary>
/// Reads lines such as <c>call find_order {"number":"A-1042"}</c>, which call any tool that the agent has. A mistake becomes an action
/// that calls nothing and says what to write.
/// </summary>
internal static class DemoToolCalls
{
    private static readonly Regex Call = new(
        @"^[ \t]*call[ \t]+(?:the[ \t]+)?(?:tool[ \t]+)?`?([a-z0-9_][a-z0-9_-]*)`?[ \t]*(\{|[:.]?[ \t]*\r?$)",
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Multiline);

    /// <summary>The calls of a prompt, and the prompt without them.</summary>
    /// <param name="prompt">What the user wrote.</param>
    /// <param name="tools">The tools that the agent has.</param>
    /// <param name="limit">How many calls are read. The rest stays in the prompt.</param>
    public static (IReadOnlyList<DemoAction> Actions, string Remainder) Read(string prompt, IReadOnlyList<DemoTool> tools, int limit)
    {
        List<DemoAction> actions = [];
        var rest = new StringBuilder();
        var read = 0;
        for (var match = Call.Match(prompt); match.Success && actions.Count < limit; match = Call.Match(prompt, read))
        {
            rest.Append(prompt, read, match.Index - read).Append('\n');
            var (action, end) = Read(prompt, match, tools);
            actions.Add(action);
            read = end;
        }

        return (actions, rest.Append(prompt, read, prompt.Length - read).ToString());
    }

    private static (DemoAction Action, int End) Read(string prompt, Match match, IReadOnlyList<DemoTool> tools)
    {
        var name = match.Groups[1].Value;
        var end = match.Index + match.Length;
        Dictionary<string, object?>? arguments = [];
        var written = match.Groups[2].Value == "{";
        if (written)
        {
            (arguments, end) = Arguments(prompt, match.Groups[2].Index);
        }

        var tool = tools.FirstOrDefault(tool => tool.Name == name) ?? tools.FirstOrDefault(tool => tool.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return tool switch
        {
            null => (DemoAction.Refuse($"This agent has no tool {name}. {List(tools)}"), end),
            _ when !written && tool.Required.Count > 0 => (DemoAction.Refuse(tool.HowToCall), end),
            _ when arguments is null => (DemoAction.Refuse($"The arguments of {tool.Name} are not a JSON object. {tool.HowToCall}"), end),
            _ => (DemoAction.Call(tool.Name, arguments), end),
        };
    }

    private static string List(IReadOnlyList<DemoTool> tools) => tools.Count == 0
        ? "It has no tools."
        : $"Its tools are: {string.Join(", ", tools.Select(tool => tool.Name).Order(StringComparer.Ordinal))}.";

    /// <summary>The JSON object that begins at an index, and where the text after it begins: the next line where it is not JSON.</summary>
    private static (Dictionary<string, object?>? Arguments, int End) Arguments(string prompt, int start)
    {
        // A lone half of a surrogate pair becomes U+FFFD here, so lengths are counted in what was read, not in what was written.
        var bytes = Encoding.UTF8.GetBytes(prompt[start..]);
        var reader = new Utf8JsonReader(bytes);
        try
        {
            using var document = JsonDocument.ParseValue(ref reader);
            var arguments = new Dictionary<string, object?>(StringComparer.Ordinal);
            foreach (var property in document.RootElement.EnumerateObject())
            {
                arguments[property.Name] = property.Value.Clone();
            }

            return (arguments, start + Encoding.UTF8.GetCharCount(bytes, 0, (int)reader.BytesConsumed));
        }
        catch (JsonException)
        {
            var line = prompt.IndexOf('\n', start);
            return (null, line < 0 ? prompt.Length : line);
        }
    }
}
