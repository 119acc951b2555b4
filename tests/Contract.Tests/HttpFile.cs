using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Yggdrasil.Contract.Tests;

/// <summary>A file of requests for an editor, as the REST Client for VS Code and Visual Studio read it: the part of the format that is used here.</summary>
internal sealed partial class HttpFile(string text)
{
    private readonly Dictionary<string, string> _variables = Variable().Matches(text).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);

    /// <summary>Sends each request, in order.</summary>
    /// <param name="http">Sends no credentials of its own.</param>
    /// <param name="variables">Values in place of the file's.</param>
    /// <returns>Each request line with the answer, and the answers' bodies by the requests' names.</returns>
    public async Task<(IReadOnlyList<(string Request, int Status, string Body)> Answers, IReadOnlyDictionary<string, string> ByName)> SendAsync(
        HttpClient http, IReadOnlyDictionary<string, string> variables)
    {
        List<(string, int, string)> answers = [];
        var byName = new Dictionary<string, string>();
        foreach (var part in Separator().Split(text.ReplaceLineEndings("\n")).Where(part => RequestLine().IsMatch(part)))
        {
            using var request = Request(Placeholder().Replace(part, match => Value(match.Groups[1].Value, variables, byName)));
            using var response = await http.SendAsync(request);
            var body = await response.Content.ReadAsStringAsync();
            answers.Add(($"{request.Method} {request.RequestUri}", (int)response.StatusCode, body));
            if (Name().Match(part) is { Success: true } name)
            {
                byName.Add(name.Groups[1].Value, body);
            }
        }

        return (answers, byName);
    }

    private string Value(string placeholder, IReadOnlyDictionary<string, string> variables, Dictionary<string, string> answers)
    {
        if (Answer().Match(placeholder) is not { Success: true } answer)
        {
            return variables.TryGetValue(placeholder, out var value) ? value : _variables[placeholder];
        }

        using var document = JsonDocument.Parse(answers[answer.Groups[1].Value]);
        return PathPart().Matches(answer.Groups[2].Value).Aggregate(document.RootElement, (element, part) => part.Groups[1].Success
            ? element.GetProperty(part.Groups[1].Value)
            : element[int.Parse(part.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture)]).ToString();
    }

    private static HttpRequestMessage Request(string part)
    {
        var line = RequestLine().Match(part);
        var rest = part[(line.Index + line.Length)..].TrimStart('\n').Split("\n\n", 2);
        var request = new HttpRequestMessage(new HttpMethod(line.Groups[1].Value), line.Groups[2].Value);
        var headers = rest[0].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(header => header.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        if (headers.Remove("Content-Type", out var type))
        {
            request.Content = new StringContent(rest[1].Trim(), Encoding.UTF8, type);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return request;
    }

    [GeneratedRegex("^###.*$", RegexOptions.Multiline)]
    private static partial Regex Separator();

    [GeneratedRegex(@"^@(\w+) = (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Variable();

    [GeneratedRegex(@"^# @name (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Name();

    [GeneratedRegex("^(GET|POST|PUT|DELETE) (.+)$", RegexOptions.Multiline)]
    private static partial Regex RequestLine();

    [GeneratedRegex("{{([^}]+)}}")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"^(\w+)\.response\.body\.\$(.+)$")]
    private static partial Regex Answer();

    [GeneratedRegex(@"\.(\w+)|\[(\d+)\]")]
    private static partial Regex PathPart();
}
