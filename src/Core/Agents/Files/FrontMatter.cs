using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Yggdrasil.Agents.Files;

/// <summary>A file of text that begins with YAML between two lines of three dashes.</summary>
/// <param name="Fields">The YAML, whose lines count from the file's first.</param>
/// <param name="Body">The text after it.</param>
/// <param name="BodyLine">The line on which the body begins.</param>
internal sealed record FrontMatter(YamlMappingNode Fields, string Body, int BodyLine)
{
    /// <summary>The most bytes of such a file.</summary>
    public const int MaxBytes = 128 * 1024;

    private const string Fence = "---";
    private const int MaxDepth = 24;
    private const int MaxNodes = 8192;

    /// <returns>Null where the file has not this form; <paramref name="faults"/> has the reason.</returns>
    public static FrontMatter? Parse(string text, FileFaults faults)
    {
        var lines = text.TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n');
        var end = IsFence(lines[0]) ? Array.FindIndex(lines, 1, IsFence) : -1;
        if (end < 0)
        {
            faults.Add(1, "The file must begin with a line of three dashes, then YAML, then another such line.");
            return null;
        }

        var body = lines[(end + 1)..];
        var blank = body.TakeWhile(string.IsNullOrWhiteSpace).Count();
        // An empty line in the place of the first fence: lines of the YAML are those of the file.
        return ReadYaml(string.Join('\n', ["", .. lines[1..end]]), faults) is { } fields
            ? new FrontMatter(fields, string.Join('\n', body[blank..]).TrimEnd(), end + 2 + Math.Min(blank, Math.Max(0, body.Length - 1)))
            : null;
    }

    private static YamlMappingNode? ReadYaml(string yaml, FileFaults faults)
    {
        try
        {
            if (!IsPlain(yaml, faults))
            {
                return null;
            }

            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            if (stream.Documents is [{ RootNode: YamlMappingNode fields }])
            {
                return fields;
            }

            faults.Add(2, "The YAML between the lines of dashes must be a list of fields, such as name: Support.");
        }
        catch (YamlException invalid)
        {
            faults.Add((int)Math.Max(1, invalid.Start.Line), $"This is not valid YAML: {invalid.Message}");
        }

        return null;
    }

    /// <summary>
    /// Looks at the YAML without building anything of it: a file of a few lines that refer to each other can stand for a billion nodes, and
    /// one of many brackets overflows the stack.
    /// </summary>
    private static bool IsPlain(string yaml, FileFaults faults)
    {
        var parser = new Parser(new StringReader(yaml));
        var (depth, nodes) = (0, 0);
        while (parser.MoveNext())
        {
            depth += parser.Current!.NestingIncrease;
            var problem = parser.Current switch
            {
                AnchorAlias or NodeEvent { Anchor.IsEmpty: false } => "Anchors and aliases are not supported: write the value again.",
                NodeEvent { Tag: { IsEmpty: false } tag } when !tag.IsNonSpecific => "Tags are not supported.",
                _ when depth > MaxDepth => $"At most {MaxDepth} levels.",
                _ when ++nodes > MaxNodes => $"At most {MaxNodes} values.",
                _ => null,
            };
            if (problem is not null)
            {
                faults.Add((int)parser.Current.Start.Line, problem);
                return false;
            }
        }

        return true;
    }

    private static bool IsFence(string line) => line.TrimEnd() == Fence;
}
