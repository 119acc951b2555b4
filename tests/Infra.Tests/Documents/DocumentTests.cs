using System.Text.RegularExpressions;

namespace Yggdrasil.Infra.Tests.Documents;

/// <summary>What the documents say about files of this repository is true.</summary>
public sealed partial class DocumentTests
{
    private static readonly string[] Documents =
    [
        .. Directory.GetFiles(Repository.Root, "*.md"),
        .. Directory.GetFiles(Repository.PathOf("docs"), "*.md", SearchOption.AllDirectories),
        .. Directory.GetFiles(Repository.PathOf("samples"), "*.md", SearchOption.AllDirectories),
    ];

    [Fact]
    public void Links_lead_to_files_and_headings_that_are_there()
    {
        var links = Documents.SelectMany(path => Link().Matches(WithoutCode(File.ReadAllText(path))).Select(match => (Path: path, Target: match.Groups[1].Value)))
            .Where(link => !link.Target.Contains("://", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(links);
        Assert.Empty(links.Where(link => !Leads(link.Path, link.Target)).Select(link => $"{Path.GetRelativePath(Repository.Root, link.Path)}: {link.Target}"));
    }

    [Fact]
    public void Index_lists_each_decision_once_and_in_order()
    {
        var listed = DecisionLink().Matches(Repository.Read("docs", "decisions", "README.md")).Select(match => match.Groups[1].Value).ToList();
        var files = Directory.GetFiles(Repository.PathOf("docs", "decisions"), "0*.md").Select(Path.GetFileName).Order(StringComparer.Ordinal);

        Assert.Equal(files, listed);
    }

    [Fact]
    public void Table_of_layers_names_the_folders_of_Core()
    {
        var rows = LayerRow().Matches(Section("Layers of src/Core")).Select(match => match.Groups[1].Value).ToList();
        var folders = Folders("src", "Core").Concat(Folders("src", "Core", "Runs"));

        Assert.Equal(folders.Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("`input`, from the request to the vendor")]
    [InlineData("A cancel")]
    [InlineData("An approval")]
    public void Walk_names_files_that_are_there_and_counts_them(string heading)
    {
        var text = Repository.Read("docs", "architecture.md").Split("\n### ").Single(part => part.StartsWith($"{heading}\n", StringComparison.Ordinal));
        var sources = Directory.GetFiles(Repository.PathOf("src"), "*.cs", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension).ToHashSet();

        // "RunStore.FlagAsync" is in RunStore; "Runs/Store" and "Driving" are rooms.
        var names = text.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('|')[2])
            .SelectMany(cell => Name().Matches(cell).Select(match => match.Groups[1].Value))
            .Select(name => name.Split('/')[^1].Split('.')[0]).Distinct().Where(name => !IsRoom(name)).ToList();

        Assert.DoesNotContain(names, name => !sources.Contains(name));
        Assert.Equal(int.Parse(FileCount().Match(text).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), names.Count);
    }

    private static bool IsRoom(string name) => Folders("src", "Core").Concat(Folders("src", "Core", "Runs")).Concat(Folders("src", "Functions")).Contains(name);

    private static IEnumerable<string> Folders(params string[] parts) =>
        Directory.GetDirectories(Repository.PathOf(parts)).Select(path => Path.GetFileName(path)!).Where(name => name is not ("bin" or "obj"));

    private static string Section(string heading) =>
        Repository.Read("docs", "architecture.md").Split("\n## ").Single(part => part.StartsWith($"{heading}\n", StringComparison.Ordinal));

    private static bool Leads(string from, string target)
    {
        var (path, anchor) = target.Split('#') is [var file, var heading] ? (file, heading) : (target, null);
        var full = path.Length == 0 ? from : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(from)!, path));
        return (File.Exists(full) || Directory.Exists(full)) && (anchor is null || Anchors(File.ReadAllText(full)).Contains(anchor));
    }

    /// <summary>As GitHub makes them: lower case, hyphens for spaces, and nothing else but letters, digits, hyphens and underscores.</summary>
    private static IEnumerable<string> Anchors(string text) => Heading().Matches(WithoutCode(text))
        .Select(match => NotInAnchors().Replace(match.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    private static string WithoutCode(string text) => CodeBlock().Replace(text, "");

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\| \[\d+\]\((0[^)]+)\)")]
    private static partial Regex DecisionLink();

    [GeneratedRegex(@"^\| `(\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex LayerRow();

    [GeneratedRegex("`([A-Z][A-Za-z./]+)`")]
    private static partial Regex Name();

    [GeneratedRegex(@" (\d+) files")]
    private static partial Regex FileCount();

    [GeneratedRegex("^#{1,4} (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
