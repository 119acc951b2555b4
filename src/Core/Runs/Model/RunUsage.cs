using System.Text.Json.Serialization;
using Yggdrasil.Limits;
using Yggdrasil.Protection;

namespace Yggdrasil.Runs.Model;

/// <summary>What a run has consumed so far.</summary>
/// <param name="ModelCalls">Answers that models were asked for; not those of the response cache.</param>
/// <param name="CostUsd">US dollars, of the calls whose model has a known price.</param>
public sealed record RunUsage(
    long InputTokens = 0, long OutputTokens = 0, int ModelCalls = 0, int ToolCalls = 0, decimal CostUsd = 0)
{
    public long TotalTokens => InputTokens + OutputTokens;

    internal QuotaAmount Amount => new(TotalTokens, CostUsd);

    /// <summary>Of <see cref="InputTokens"/>, those that providers had in their own prompt caches; null while none were reported.</summary>
    public long? CachedInputTokens { get; init; }

    /// <summary>Of <see cref="InputTokens"/>, those that providers wrote to their own prompt caches; null while none were reported.</summary>
    public long? CacheWriteInputTokens { get; init; }

    /// <summary>Of <see cref="OutputTokens"/>, those that models thought with; null while none were reported.</summary>
    public long? ReasoningTokens { get; init; }

    /// <summary>True where any of it is our own estimate, because a provider reported nothing or an answer was cut off; null otherwise.</summary>
    public bool? Estimated { get; init; }

    /// <summary>
    /// The models of which <see cref="CostUsd"/> leaves out at least one call, because it is not known what that cost; null when
    /// it has all.
    /// </summary>
    public IReadOnlyList<string>? UnpricedModels { get; init; }

    /// <summary>
    /// This and what the runs have used that were started by its calls, and by theirs; null for a run without any, and where the
    /// run was not read by itself.
    /// </summary>
    public RunUsage? WithChildren { get; init; }

    public RunUsage AddModelCall(JournalEntry answer) => this with
    {
        InputTokens = InputTokens + (answer.InputTokens ?? 0),
        OutputTokens = OutputTokens + (answer.OutputTokens ?? 0),
        CachedInputTokens = Sum(CachedInputTokens, answer.CachedInputTokens),
        CacheWriteInputTokens = Sum(CacheWriteInputTokens, answer.CacheWriteInputTokens),
        ReasoningTokens = Sum(ReasoningTokens, answer.ReasoningTokens),
        ModelCalls = ModelCalls + (answer.Cached ? 0 : 1),
        CostUsd = CostUsd + (answer.CostUsd ?? 0),
        Estimated = answer.Estimated ? true : Estimated,
        UnpricedModels = Unpriced(answer) is { Count: > 0 } unpriced ? [.. (UnpricedModels ?? []).Union(unpriced)] : UnpricedModels,
    };

    /// <summary>The models of a call whose cost is not known, or not all of it.</summary>
    private static IReadOnlyList<string> Unpriced(JournalEntry answer) =>
        answer is { UnpricedModels.Count: 0, CostUsd: null, InputTokens: not null, ServedBy: { } model } ? [model] : answer.UnpricedModels;

    /// <summary>What this and another have used together.</summary>
    public RunUsage Add(RunUsage other) => new(
        InputTokens + other.InputTokens,
        OutputTokens + other.OutputTokens,
        ModelCalls + other.ModelCalls,
        ToolCalls + other.ToolCalls,
        CostUsd + other.CostUsd)
    {
        CachedInputTokens = Sum(CachedInputTokens, other.CachedInputTokens),
        CacheWriteInputTokens = Sum(CacheWriteInputTokens, other.CacheWriteInputTokens),
        ReasoningTokens = Sum(ReasoningTokens, other.ReasoningTokens),
        Estimated = Estimated ?? other.Estimated,
        UnpricedModels = UnpricedModels is null ? other.UnpricedModels : [.. UnpricedModels.Union(other.UnpricedModels ?? [])],
    };

    private static long? Sum(long? one, long? other) => one is null ? other : one + (other ?? 0);
}

/// <summary>Why a run failed. The message is safe to show to callers.</summary>
/// <param name="Code">A stable code, such as <c>provider_unavailable</c> or <c>internal_error</c>.</param>
public sealed record RunError(string Code, string Message)
{
    /// <summary>What was stored for the run was changed, or is protected by a key that is gone.</summary>
    internal static readonly RunError ContentUnreadable =
        new(ContentProtectionException.Code, "The stored content of this run cannot be read; the operator has been alerted.");

    /// <summary>In place of a message that holds content, for who is told of a run but does not read it.</summary>
    internal const string Withheld = "The message quotes what was said; read the run for it.";

    /// <summary>The model refused to answer; what it said instead is the run's output.</summary>
    internal static readonly RunError Refused = new("refused", "The model refused to answer.");

    /// <summary>The answer ended at the limit of output tokens before it said anything, also when it was asked for once more.</summary>
    internal static readonly RunError NothingSaid = new(
        "max_output_tokens",
        "The answer was cut off before it said anything: its output tokens were used up, by thinking or by tool calls. Allow more (maxOutputTokens), or less thinking.");

    /// <summary>The model ended its answer with nothing said, also when it was asked once more.</summary>
    internal static readonly RunError EmptyAnswer = new(
        "empty_answer", "The model ended its answer without saying anything, also when it was asked once more. It may only have thought.");

    private const string InvalidOutputCode = "invalid_output";

    /// <summary>The model's answer does not fit the agent's <c>responseSchema</c>, also after it was asked to correct it.</summary>
    /// <param name="errors">What is wrong, in sentences.</param>
    internal static RunError InvalidOutput(IReadOnlyList<string> errors) =>
        new(InvalidOutputCode, $"The answer does not fit the agent's responseSchema. {string.Join(" ", errors)}");

    /// <summary>Its message names what a model wrote, or an agent's schema: it is protected in storage like all content.</summary>
    [JsonIgnore]
    public bool HoldsContent => Code == InvalidOutputCode;
}
