using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>One answer of <c>fake-answers.json</c>.</summary>
internal sealed partial record CaseAnswer(JsonElement Element)
{
    // The pauses tell a model that thinks from one that is dead; a tenth of them does.
    private const double Hurry = 0.1;

    public int Status => Element.TryGetProperty("status", out var status) ? status.GetInt32() : 200;

    public bool Drops => Element.TryGetProperty("drop", out _);

    public TimeSpan Delay =>
        TimeSpan.FromSeconds(Element.TryGetProperty("delay", out var seconds) ? seconds.GetDouble() * Hurry : 0);

    public JsonElement? Json => Element.TryGetProperty("json", out var json) ? json : null;

    public IEnumerable<(string Name, string Value)> Headers => Element.TryGetProperty("headers", out var headers)
        ? headers.EnumerateObject().Select(header => (header.Name, header.Value.GetString()!))
        : [];

    public string ContentType => Element.TryGetProperty("sse", out _) ? "text/event-stream"
        : Element.TryGetProperty("lines", out _) ? "application/x-ndjson"
        : "application/json";

    /// <summary>The body in pieces, each with the pause before it.</summary>
    public IEnumerable<(TimeSpan Pause, byte[] Bytes)> Pieces()
    {
        if (Json is { } json)
        {
            yield return (TimeSpan.Zero, Encoding.UTF8.GetBytes(json.GetRawText()));
            yield break;
        }

        if (Element.TryGetProperty("raw", out var raw))
        {
            yield return (TimeSpan.Zero, Encoding.UTF8.GetBytes(raw.GetString()!));
            yield break;
        }

        var lines = Element.TryGetProperty("sse", out var sse) ? sse : Element.GetProperty("lines");
        var pause = TimeSpan.Zero;
        foreach (var line in lines.EnumerateArray().Select(line => line.GetString()!))
        {
            if (Wait().Match(line) is { Success: true } wait)
            {
                pause = TimeSpan.FromSeconds(int.Parse(wait.Groups[1].ValueSpan, null) * Hurry);
                continue;
            }

            foreach (var piece in Chunks(line + "\n"))
            {
                yield return (pause, piece);
                pause = TimeSpan.Zero;
            }
        }
    }

    /// <summary>A line whole, or, where bytes of it are written out, in pieces that split its characters.</summary>
    private static IEnumerable<byte[]> Chunks(string line)
    {
        if (!Escaped().IsMatch(line))
        {
            return [Encoding.UTF8.GetBytes(line)];
        }

        var bytes = Encoding.Latin1.GetBytes(Escaped().Replace(line, match => ((char)Convert.ToByte(match.Groups[1].Value, 16)).ToString()));
        return bytes.Chunk(3);
    }

    [GeneratedRegex(@"^<wait (\d+)s>$")]
    private static partial Regex Wait();

    [GeneratedRegex(@"\\x([0-9a-f]{2})")]
    private static partial Regex Escaped();
}
