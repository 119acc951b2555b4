using System.Globalization;
using System.Text.RegularExpressions;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Tests.Telemetry;

/// <summary>Keeps docs/event-ids.md true: operators look messages up by their ids, and alerts are built on them.</summary>
public sealed partial class EventIdTests
{
    private const string RegenerateVariable = "UPDATE_EVENT_IDS";

    private static readonly string Table = Checkout.PathOf("docs", "event-ids.md");

    [Fact]
    public void Every_event_id_is_given_once()
    {
        var repeated = Events().GroupBy(found => found.Id).Where(group => group.Count() > 1)
            .Select(group => $"{group.Key}: {string.Join(" and ", group.Select(found => found.File))}");

        Assert.Empty(repeated);
    }

    [Fact]
    public void Every_event_is_listed()
    {
        string[] lines =
        [
            "# Events", "",
            "Every message that the app logs, by its id. Ids and counts only: content is never logged. 100 to 1000 and 7000 to 7999 are of",
            "LocalHost; Details of an error id are at Debug. What to do about those that matter is in [operations.md](operations.md).", "",
            "| id | level | message |", "|---:|---|---|",
            .. Events().OrderBy(found => found.Id).Select(found => $"| {found.Id} | {found.Level.ToLowerInvariant()} | {found.Message.Replace("|", "\\|", StringComparison.Ordinal)} |"),
        ];
        if (Environment.GetEnvironmentVariable(RegenerateVariable) == "1")
        {
            File.WriteAllText(Table, string.Concat(lines.Select(line => $"{line}\n")));
        }

        var written = File.ReadAllLines(Table);

        Assert.True(
            lines.SequenceEqual(written),
            $"docs/event-ids.md differs; {RegenerateVariable}=1 dotnet test tests/Core.Tests --filter {nameof(EventIdTests)} writes it anew:\n"
            + string.Join('\n', [.. lines.Except(written).Select(line => $"+ {line}"), .. written.Except(lines).Select(line => $"- {line}")]));
    }

    private static List<(int Id, string Level, string Message, string File)> Events()
    {
        List<(int, string, string, string)> events = [];
        foreach (var path in Directory.EnumerateFiles(Checkout.PathOf("src"), "*.cs", SearchOption.AllDirectories))
        {
            var (source, file) = (File.ReadAllText(path), Path.GetFileName(path));
            var matches = Event().Matches(source);

            // One that is written in another way would be missing here without anybody noticing.
            Assert.Equal((file, source.Split("[LoggerMessage(").Length - 1), (file, matches.Count));
            events.AddRange(matches.Select(match => (
                int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), match.Groups[2].Value,
                string.Concat(match.Groups[3].Captures.Select(part => Regex.Unescape(part.Value))), file)));
        }

        return events;
    }

    [GeneratedRegex("""\[LoggerMessage\(\s*(\d+),\s*LogLevel\.(\w+),\s*(?:\+?\s*"((?:[^"\\]|\\.)*)"\s*)+\)\]""")]
    private static partial Regex Event();
}
