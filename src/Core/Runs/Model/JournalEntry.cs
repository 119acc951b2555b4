using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;
using Yggdrasil.Models;
using Yggdrasil.Models.Failures;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Model;

public enum EntryKind
{
    /// <summary>What only a newer version knows: it is shown to nobody, and no run can go on from it. Never written.</summary>
    Unknown = -1,

    /// <summary>The messages the run was started with.</summary>
    Input,

    /// <summary>One answer of the model.</summary>
    Model,

    /// <summary>A tool that is not idempotent is about to be called.</summary>
    Intent,

    /// <summary>What a tool call came to; exactly one for each call the model asked for.</summary>
    Tool,

    /// <summary>A tool call waits for a human's decision.</summary>
    ApprovalRequested,

    /// <summary>What the human, or time, decided about a call.</summary>
    ApprovalDecided,

    /// <summary>What stands, from here on, for the oldest messages of the conversation and the run; nothing does where it failed.</summary>
    Summary,

    /// <summary>What was wrong with the answer before it, and the request to give it again.</summary>
    Repair,

    /// <summary>A tool call waits for the caller of the run, who makes it.</summary>
    ToolAwaited,
}

/// <summary>One recorded step of a run. Written once, never changed.</summary>
public sealed record JournalEntry
{
    /// <summary>What the run of a journal was asked: what it was asked itself, or else what the run was that it took up; null when there is no input.</summary>
    public static IReadOnlyList<ChatMessage>? InputOf(IReadOnlyList<JournalEntry> entries) =>
        (entries.FirstOrDefault(entry => entry is { Kind: EntryKind.Input, Inherited: false })
            ?? entries.FirstOrDefault(entry => entry.Kind == EntryKind.Input))?.Messages;

    /// <summary>Its place in the journal. Assigned when the entry is committed.</summary>
    public long Sequence { get; init; }

    public required EntryKind Kind { get; init; }

    /// <summary>The model call it is or belongs to, from 1; 0 for the input.</summary>
    public int Turn { get; init; }

    /// <summary>Our id of the tool call, such as <c>t3c0</c>; for all that concerns one.</summary>
    public string? CallId { get; init; }

    /// <summary>The tool's name, where there is such a tool.</summary>
    public string? Name { get; init; }

    public StepStatus Status { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    public TimeSpan Duration { get; init; }

    public long? InputTokens { get; init; }

    public long? OutputTokens { get; init; }

    /// <summary>Of <see cref="InputTokens"/>, those that the provider had in its own prompt cache; null where it reports none.</summary>
    public long? CachedInputTokens { get; init; }

    /// <summary>Of <see cref="InputTokens"/>, those that the provider wrote to its own prompt cache; null where it reports none.</summary>
    public long? CacheWriteInputTokens { get; init; }

    /// <summary>Of <see cref="OutputTokens"/>, those the model thought with; null where its provider reports none.</summary>
    public long? ReasoningTokens { get; init; }

    /// <summary>What the model call cost, in US dollars; null when that is not known.</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>Whether tokens and cost are, at least in part, our own estimate: the provider reported none, or the answer was cut off.</summary>
    public bool Estimated { get; init; }

    /// <summary>The models of which <see cref="CostUsd"/> leaves out an attempt. Matters until the entry is added up and is not stored.</summary>
    internal IReadOnlyList<string> UnpricedModels { get; init; } = [];

    /// <summary>How an answer ended; null for other kinds, and for entries of before this was recorded.</summary>
    [JsonConverter(typeof(FinishReasonConverter))]
    public FinishReason? FinishReason { get; init; }

    /// <summary>What the provider calls the model that answered; null where it did not say.</summary>
    public string? ResponseModel { get; init; }

    /// <summary>The models that gave no answer to this call, and why, in the order they were asked. For operators; protected in storage.</summary>
    public IReadOnlyList<ModelFailure> Failures { get; init; } = [];

    /// <summary>The answer was in the response cache: nobody was asked, and it cost nothing.</summary>
    public bool Cached { get; init; }

    /// <summary>The <c>provider:model</c> that answered, as configured, if once for an earlier request.</summary>
    public string? ServedBy { get; init; }

    /// <summary>The lease epoch under which an intent or an answer was written; 0 for other kinds.</summary>
    public int Epoch { get; init; }

    /// <summary>
    /// From when an intent without a result counts as "outcome unknown": its lease and its tool's timeout have passed.
    /// </summary>
    public DateTimeOffset? UnknownAfter { get; init; }

    /// <summary>It was taken over from the run that this one is a fork of, and paid for there.</summary>
    public bool Inherited { get; init; }

    /// <summary>For <see cref="EntryKind.ApprovalRequested"/> and <see cref="EntryKind.ToolAwaited"/>: until when it waits.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>For <see cref="EntryKind.ApprovalDecided"/>. Protected in storage.</summary>
    public ApprovalDecision? Decision { get; init; }

    /// <summary>For a call that is a run of another agent, and its result: that run.</summary>
    public string? ChildRun { get; init; }

    /// <summary>For a summary: how many messages, of the history and the run's own, it stands for.</summary>
    public int Covers { get; init; }

    /// <summary>
    /// The step's content with its originals, whatever of it providers are shown. Protected in storage. Empty for intents.
    /// </summary>
    public IReadOnlyList<ChatMessage> Messages { get; init; } = [];

    /// <summary>This entry of a model call as one that was sent and brought no answer.</summary>
    /// <param name="isGivenUp">Whether we gave it up; otherwise it failed.</param>
    internal JournalEntry Unanswered(bool isGivenUp, TimeSpan duration) => this with
    {
        Status = isGivenUp ? StepStatus.Cancelled : StepStatus.Failed,
        FinishReason = isGivenUp ? null : Models.FinishReason.Error,
        Duration = duration,
    };

    /// <summary>The text of its messages, tool calls and reasoning left out.</summary>
    public string Text() => string.Concat(Messages.Select(message => message.Text));

    /// <summary>For <see cref="EntryKind.Tool"/>: what the call came to.</summary>
    public string Result() =>
        Messages.SelectMany(message => message.Contents).OfType<FunctionResultContent>().FirstOrDefault()?.Result?.ToString() ?? "";

    /// <summary>The tool calls an answer asks for, in its order: the first is call 0 of its turn.</summary>
    public IEnumerable<FunctionCallContent> ToolCalls() =>
        Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>();
}
