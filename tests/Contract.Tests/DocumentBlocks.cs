using System.Text.RegularExpressions;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>The code in the project's documents.</summary>
internal static partial class DocumentBlocks
{
    /// <param name="document">The path below the repository's root.</param>
    /// <param name="section">The heading of the second level.</param>
    /// <param name="language">What stands behind the block's three backticks.</param>
    public static List<string> Of(string document, string section, string language)
    {
        var text = File.ReadAllText(Checkout.PathOf(document.Split('/'))).Split("\n## ").Single(part => part.StartsWith($"{section}\n", StringComparison.Ordinal));
        return [.. CodeBlock().Matches(text).Where(block => block.Groups[1].Value == language).Select(block => block.Groups[2].Value)];
    }

    [GeneratedRegex("^```(\\w+)\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
