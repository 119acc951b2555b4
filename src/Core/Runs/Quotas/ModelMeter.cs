using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Yggdrasil.Models;
using Yggdrasil.Models.Metering;
using Yggdrasil.Models.Prices;
using Yggdrasil.Models.Tokens;
using Yggdrasil.Runs.Model;
using Yggdrasil.Telemetry;
using static Yggdrasil.Telemetry.Signals;

namespace Yggdrasil.Runs.Quotas;

/// <summary>Notes on the entry of a model call what was sent for it, and what that cost.</summary>
/// <remarks>
/// An attempt that was sent costs what its provider reported, and where that reports nothing, or no more than nothing, what was
/// sent and what came by <see cref="TokenEstimator"/>. Of an answer that was cut off, whichever is more: some report at the
/// beginning, and again at the end. See docs/decisions/0021.
/// </remarks>
internal sealed partial class ModelMeter(ModelPrices prices, ILogger<ModelMeter> logger)
{
    private static readonly Meter Meter = new(Signals.Meter);

    private static readonly Counter<long> Doubts = Meter.CreateCounter<long>(
        Metrics.UsageDoubts, "{call}", "Model calls whose provider reported no use, or one that is far from the estimate.");

    /// <summary>Fills in what a call cost.</summary>
    /// <param name="answer">The call's entry, without what it cost.</param>
    /// <param name="sent">What was sent for it.</param>
    public JournalEntry Measure(JournalEntry answer, CallLedger sent)
    {
        foreach (var call in sent.Sent)
        {
            answer = Add(answer, call);
        }

        return answer;
    }

    /// <summary>Notes that an answer came from the response cache: nobody was asked.</summary>
    public static JournalEntry MeasureCached(JournalEntry answer) =>
        answer with { InputTokens = 0, OutputTokens = 0, CostUsd = 0, Cached = true };

    private JournalEntry Add(JournalEntry answer, SentCall call)
    {
        var (contents, reported) = call.Read();
        var spent = SpentTokens.Of(reported, call.IsWhole, () => EstimateSent(call), () => EstimateCame(call.Model, contents));
        Doubt(call, contents, reported);
        var cost = prices.Cost(call.Model, spent.Usage);
        return answer with
        {
            InputTokens = (answer.InputTokens ?? 0) + spent.Input,
            OutputTokens = (answer.OutputTokens ?? 0) + spent.Output,
            CachedInputTokens = Sum(answer.CachedInputTokens, spent.Cached),
            CacheWriteInputTokens = Sum(answer.CacheWriteInputTokens, spent.CacheWrite),
            ReasoningTokens = Sum(answer.ReasoningTokens, spent.Reasoning),
            CostUsd = cost is null ? answer.CostUsd : (answer.CostUsd ?? 0) + cost,
            Estimated = answer.Estimated || spent.Estimated,
            UnpricedModels = cost is null ? [.. answer.UnpricedModels.Append(call.Model.ToString()).Distinct()] : answer.UnpricedModels,
        };
    }

    private static long EstimateSent(SentCall call) => TokenEstimator.Estimate(
        call.Model,
        call.Messages,
        call.Options?.Tools ?? [],
        call.Options?.Instructions,
        (call.Options?.ResponseFormat as ChatResponseFormatJson)?.Schema);

    private static long EstimateCame(ModelId model, IReadOnlyList<AIContent> contents) => contents.Count == 0
        ? 0
        : TokenEstimator.Estimate(model, [new ChatMessage(ChatRole.Assistant, [.. contents])], [], instructions: null) - TokenEstimator.TokensPerMessage;

    private void Doubt(SentCall call, IReadOnlyList<AIContent> contents, UsageDetails? reported)
    {
        if (!call.IsWhole)
        {
            return;
        }

        if (UsageDoubt.Of(call, contents, reported) is { } doubt)
        {
            Doubts.Add(1, new(Attributes.Provider, call.Model.Provider), new(Attributes.UsageDoubt, doubt.Kind));
            if (reported is not null)
            {
                LogDoubt(call.Model.ToString(), doubt.Kind, reported.InputTokenCount, reported.OutputTokenCount, doubt.Input, doubt.Output);
            }
        }
    }

    private static long? Sum(long? one, long? other) => one is null ? other : one + (other ?? 0);

    [LoggerMessage(6040, LogLevel.Warning,
        "{Model} reported a use that is {Kind}: {Input} input and {Output} output tokens, where about {ExpectedInput} and {ExpectedOutput} are likely")]
    private partial void LogDoubt(string model, string kind, long? input, long? output, long expectedInput, long expectedOutput);
}
