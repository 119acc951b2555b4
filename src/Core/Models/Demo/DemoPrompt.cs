using System.Text.RegularExpressions;

namespace Yggdrasil.Models.Demo;

/// <summary>
/// Reads plain English for what the demo model can do: agents to ask, a line each; calls of tools by name, a line or a sentence each; web
/// addresses, sums and times, in this order.
/// </summary>
/// <remarks>All patterns are non-backtracking: prompts are anybody's text, of up to 256 KiB.</remarks>
internal static class DemoPrompt
{
    // A prompt can hold thousands of sums; one turn of an agent should not.
    private const int MaxActions = 8;
    private const int MaxSubjectLength = 500;

    private const RegexOptions Options =
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant;

    private const string Number = @"\d+(?:,\d{3})*(?:\.\d+)?";

    private static readonly Regex Ask = new(@"^\s*ask (?:the )?agent ([a-z0-9][a-z0-9_-]*)[:,]?\s+(\S.*)$", Options | RegexOptions.Multiline);
    private static readonly Regex Url = new(@"https?://[^\s""'<>]+", Options);
    private static readonly Regex Date = new(@"\b\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b", Options);
    private static readonly Regex Quoted = new("\"([^\"]*)\"", Options);
    private static readonly Regex AsksToPost = new(@"\bpost\b", Options);
    private static readonly Regex PercentOf = new($@"({Number})\s*(?:%|percent)\s+of\s+({Number})", Options);
    private static readonly Regex SquareRoot = new($@"square root of\s+({Number})", Options);
    private static readonly Regex Squared = new(@"(\d)\s+squared\b", Options);
    private static readonly Regex Times = new(@"(\d)\s*x\s*(\d)", Options);

    private static readonly Regex Sum = new(
        $@"(?:sqrt|[-(]|\s)*{Number}[\s)]*(?:[-+*/^%]+[\s(]*(?:-[\s(]*)?(?:sqrt\()?{Number}[\s)]*)+|sqrt\({Number}\)", Options);

    private static readonly (Regex Words, string Operator)[] Operators =
    [
        (new Regex(@"\s+(?:multiplied by|times)\s+", Options), " * "),
        (new Regex(@"\s+(?:divided by|over)\s+", Options), " / "),
        (new Regex(@"\s+to the power of\s+", Options), " ^ "),
        (new Regex(@"\s+plus\s+", Options), " + "),
        (new Regex(@"\s+minus\s+", Options), " - "),
        (new Regex("[×·]", Options), "*"),
        (new Regex("÷", Options), "/"),
        (new Regex("−", Options), "-"),
    ];

    /// <param name="prompt">What the user wrote.</param>
    /// <param name="tools">The tools that the agent has.</param>
    public static IReadOnlyList<DemoAction> Read(string prompt, IReadOnlyList<DemoTool> tools)
    {
        // What another agent is asked is not this one's to do.
        var asked = Ask.Matches(prompt).Select(match => DemoAction.Ask(match.Groups[1].Value, match.Groups[2].Value.Trim()));
        var (calls, uncalled) = DemoToolCalls.Read(Ask.Replace(prompt, " "), tools, MaxActions);
        var (named, own) = DemoToolWords.Read(uncalled, tools, MaxActions);

        // Addresses hold digits, slashes and dashes that are no sums.
        var withoutUrls = Url.Replace(own, " ");
        return
        [
            .. Once(asked).Concat(calls).Concat(named)
                .Concat(Once(Web(own).Concat(Sums(withoutUrls)).Concat(DemoPlaces.TimesAskedFor(withoutUrls))))
                .Take(MaxActions),
        ];
    }

    private static IEnumerable<DemoAction> Once(IEnumerable<DemoAction> actions) => actions
        .Where(action => action.Subject.Length <= MaxSubjectLength).DistinctBy(action => (action.Tool, action.Subject));

    private static IEnumerable<DemoAction> Web(string prompt)
    {
        var posts = AsksToPost.IsMatch(Url.Replace(prompt, " "));
        var body = Quoted.Match(prompt) is { Success: true } quoted ? quoted.Groups[1].Value : "{}";
        return Url.Matches(prompt)
            .Select(match => match.Value.TrimEnd('.', ',', ';', ':', '!', '?', ')', ']', '}'))
            .Select(url => posts ? DemoAction.Post(url, body) : DemoAction.Fetch(url));
    }

    private static IEnumerable<DemoAction> Sums(string text)
    {
        var sums = Date.Replace(text, " ");
        sums = PercentOf.Replace(sums, "$1 / 100 * $2");
        sums = SquareRoot.Replace(sums, "sqrt($1)");
        sums = Squared.Replace(sums, "$1 ^ 2");
        // Twice: "2 x 3 x 4" shares its 3 between two matches.
        sums = Times.Replace(Times.Replace(sums, "$1 * $2"), "$1 * $2");
        foreach (var (words, operation) in Operators)
        {
            sums = words.Replace(sums, operation);
        }

        return Sum.Matches(sums).Select(match => Tidy(match.Value)).Select(DemoAction.Calculate);
    }

    /// <summary>The expression without the thousands' commas and the brackets of the surrounding sentence.</summary>
    private static string Tidy(string expression)
    {
        var tidy = expression.Replace(",", "", StringComparison.Ordinal).Trim();
        while (tidy.Count(character => character == '(') > tidy.Count(character => character == ')') && tidy[0] == '(')
        {
            tidy = tidy[1..].TrimStart();
        }

        while (tidy.Count(character => character == ')') > tidy.Count(character => character == '(') && tidy[^1] == ')')
        {
            tidy = tidy[..^1].TrimEnd();
        }

        return tidy;
    }
}
