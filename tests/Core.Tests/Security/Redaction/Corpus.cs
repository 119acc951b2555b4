using System.Reflection;
using Yggdrasil.Redaction;

namespace Yggdrasil.Tests.Security.Redaction;

/// <summary>A text and what is to be found in it: nothing, for a look-alike.</summary>
internal sealed record CorpusCase(FindingKind Kind, string Text, IReadOnlyList<Finding> Expected)
{
    public bool IsPositive => Expected.Count > 0;
}

/// <summary>
/// The cases of Corpus/*.txt, a file for each kind. A line is <c>+</c> (something is found) or <c>-</c> (it only looks so), a
/// space and the text. What is to be found stands between « and »; ⏎ is a line end. ¦ is nothing: it parts invented keys,
/// so that nobody's scanner takes this repository for leaking.
/// </summary>
internal static class Corpus
{
    public static IReadOnlyList<CorpusCase> Cases { get; } = [.. Enum.GetValues<FindingKind>().SelectMany(Read)];

    private static IEnumerable<CorpusCase> Read(FindingKind kind)
    {
        var name = $"Corpus.{Placeholder.NameOf(kind).ToLowerInvariant()}.txt";
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new FileNotFoundException(name);
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Parse(kind, line))];
    }

    private static CorpusCase Parse(FindingKind kind, string line)
    {
        var marked = line[2..].Replace("¦", "", StringComparison.Ordinal).Replace('⏎', '\n');
        List<Finding> expected = [];
        var text = "";
        foreach (var (index, part) in marked.Split('«', '»').Index())
        {
            if (index % 2 == 1)
            {
                expected.Add(new Finding(kind, text.Length, part.Length));
            }

            text += part;
        }

        return line[0] == '+' == expected.Count > 0
            ? new CorpusCase(kind, text, expected)
            : throw new FormatException($"The line and its marks disagree: {line}");
    }
}
