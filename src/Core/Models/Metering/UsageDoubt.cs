using Microsoft.Extensions.AI;
using Yggdrasil.Models.Tokens;

namespace Yggdrasil.Models.Metering;

/// <summary>Why what a provider reported is hardly what a call used.</summary>
/// <param name="Kind"><c>missing</c>, <c>negative</c>, <c>low</c> or <c>high</c>.</param>
/// <param name="Input">Input tokens that are likely.</param>
/// <param name="Output">Output tokens that are likely, those the model only thought with left out.</param>
internal sealed record UsageDoubt(string Kind, long Input, long Output)
{
    /// <summary>Roughly, in every language: this is told from a report that is wrong by its magnitude, and from nothing finer.</summary>
    private const int CharactersPerToken = 4;
    private const int Tolerance = 8;
    private const int Slack = 512;

    /// <summary>What a model may think without its provider saying so.</summary>
    private const long Thinking = 131_072;
    private const long PerTool = 2_048;

    /// <returns>Null where the report is likely.</returns>
    public static UsageDoubt? Of(SentCall call, IReadOnlyList<AIContent> contents, UsageDetails? reported)
    {
        var (input, output) = (Sent(call), Tokens(contents));
        var kind = KindOf(call, reported, input, output);
        return kind is null ? null : new UsageDoubt(kind, input, output);
    }

    private static string? KindOf(SentCall call, UsageDetails? reported, long input, long output)
    {
        if (reported is null or { InputTokenCount: null, OutputTokenCount: null })
        {
            return "missing";
        }

        var (reportedInput, reportedOutput) = (reported.InputTokenCount ?? 0, reported.OutputTokenCount ?? 0);
        return reportedInput < 0 || reportedOutput < 0 ? "negative"
            : IsBelow(reportedInput, input) || IsBelow(reportedOutput, output) ? "low"
            : reportedInput > Above(input) + ((call.Options?.Tools?.Count ?? 0) * PerTool) || reportedOutput > Above(output) + Thinking ? "high"
            : null;
    }

    private static bool IsBelow(long reported, long likely) => (reported * Tolerance) + Slack < likely;

    private static long Above(long likely) => (likely * Tolerance) + Slack;

    private static long Sent(SentCall call) =>
        call.Messages.Sum(message => Tokens(message.Contents) + TokenEstimator.TokensPerMessage)
        + ((call.Options?.Instructions?.Length ?? 0) / CharactersPerToken);

    private static long Tokens(IEnumerable<AIContent> contents) => contents.Sum(content => content switch
    {
        TextContent text => text.Text.Length / CharactersPerToken,
        TextReasoningContent reasoning => reasoning.Text.Length / CharactersPerToken,
        FunctionResultContent { Result: string result } => result.Length / CharactersPerToken,
        ErrorContent or UsageContent or FunctionCallContent or FunctionResultContent => 0L,
        _ => TokenEstimator.TokensPerAttachment,
    });
}
