using System.Buffers;

namespace Yggdrasil.Redaction.Detectors;

/// <summary>API keys that their vendors made recognisable by a prefix.</summary>
internal sealed class ApiKeyDetector : IDetector
{
    private const int MinSegment = 8;
    private const int MinWord = 20;

    /// <summary>What follows a prefix, and how much of it at least and at most.</summary>
    /// <param name="Random">Whether it must look random too, because the prefix is also the beginning of ordinary words.</param>
    private sealed record Form(string Prefix, SearchValues<char> Characters, int Min, int Max = 512, bool Random = false);

    // The first form whose prefix fits counts, so longer prefixes come first.
    private static readonly Form[] Forms =
    [
        new("sk-ant-", Characters.Base64Url, 12), // Anthropic
        new("sk-proj-", Characters.Base64Url, 12), // OpenAI, of a project
        new("sk-svcacct-", Characters.Base64Url, 12), // OpenAI, of a service account
        new("sk-or-", Characters.Base64Url, 12), // OpenRouter
        new("sk-", Characters.Base64Url, 12, Random: true), // OpenAI and those who follow it
        new("github_pat_", Characters.WithUnderscore, 22),
        new("ghp_", Characters.AsciiAlphanumeric, 30),
        new("gho_", Characters.AsciiAlphanumeric, 30),
        new("ghu_", Characters.AsciiAlphanumeric, 30),
        new("ghs_", Characters.AsciiAlphanumeric, 30),
        new("ghr_", Characters.AsciiAlphanumeric, 30),
        new("glpat-", Characters.Base64Url, 20), // GitLab
        new("AKIA", Characters.UpperAlphanumeric, 16, 16), // AWS
        new("ASIA", Characters.UpperAlphanumeric, 16, 16), // AWS, temporary
        new("AIza", Characters.Base64Url, 35, 35), // Google
        new("xoxa-", Characters.WithHyphen, 10, Random: true), // Slack
        new("xoxb-", Characters.WithHyphen, 10, Random: true),
        new("xoxe-", Characters.WithHyphen, 10, Random: true),
        new("xoxp-", Characters.WithHyphen, 10, Random: true),
        new("xoxr-", Characters.WithHyphen, 10, Random: true),
        new("xoxs-", Characters.WithHyphen, 10, Random: true),
        new("xapp-", Characters.WithHyphen, 10, Random: true),
        new("gsk_", Characters.AsciiAlphanumeric, 32), // Groq
        new("sk_live_", Characters.AsciiAlphanumeric, 16), // Stripe
        new("sk_test_", Characters.AsciiAlphanumeric, 16),
        new("rk_live_", Characters.AsciiAlphanumeric, 16),
        new(OwnTokens.ApiKey, Characters.AsciiAlphanumeric, 40), // this product's own
        new(OwnTokens.EventTicket, Characters.Base64Url, 54, Max: 4096), // this product's own, in addresses
    ];

    private static readonly SearchValues<string> Prefixes = SearchValues.Create([.. Forms.Select(form => form.Prefix)], StringComparison.Ordinal);

    public void Scan(ref TextScan scan)
    {
        for (var at = scan.Next(0, Prefixes); at >= 0;)
        {
            var form = FormAt(ref scan, at);
            var start = at + form.Prefix.Length;
            var end = scan.EndOfRun(start, form.Characters);
            if (IsStart(ref scan, at, form) && end - start >= form.Min && end - start <= form.Max && (!form.Random || LooksRandom(scan.Slice(start, end))))
            {
                scan.Add(FindingKind.ApiKey, at, end);
            }

            at = scan.Next(Math.Max(end, at + 1), Prefixes);
        }
    }

    private static Form FormAt(ref TextScan scan, int at)
    {
        foreach (var form in Forms)
        {
            if (scan.Has(at, form.Prefix))
            {
                return form;
            }
        }

        throw new InvalidOperationException("The search found a prefix that no form has.");
    }

    // In risk-…, task-… and desk-… no key begins; behind a dash or a slash one may.
    private static bool IsStart(ref TextScan scan, int at, Form form) => scan.StartsWord(at) || (scan[at - 1] == '_' && !form.Random);

    /// <summary>A part of at least 8 characters with a digit in it, or one longer than words are.</summary>
    private static bool LooksRandom(ReadOnlySpan<char> key)
    {
        foreach (var range in key.SplitAny("-_"))
        {
            var part = key[range];
            if (part.Length >= MinWord || (part.Length >= MinSegment && part.ContainsAnyInRange('0', '9')))
            {
                return true;
            }
        }

        return false;
    }
}
