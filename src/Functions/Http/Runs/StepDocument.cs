using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Models;
using Yggdrasil.Models.Failures;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http.Runs;

/// <summary>A step of a run: what it was asked, a model call, or a tool call.</summary>
/// <param name="Name">The model or the tool, or <c>input</c>.</param>
/// <param name="Status">As recorded; <c>pending</c> for a call that was approved and is not made yet.</param>
/// <param name="Failures">The models that gave no answer, and why; for operators.</param>
/// <param name="ChildRun">The run that the call was made as, where another agent was asked.</param>
/// <param name="Input">For what it was asked: a text, or a list of messages.</param>
internal sealed record StepDocument(
    int Turn,
    string Kind,
    string? Name,
    string? CallId,
    string Status,
    DateTimeOffset StartedAt,
    long DurationMs,
    long? InputTokens,
    long? OutputTokens,
    long? CachedInputTokens,
    long? CacheWriteInputTokens,
    long? ReasoningTokens,
    decimal? CostUsd,
    bool? Cached,
    bool? Inherited,
    bool? Estimated,
    string? ServedBy,
    string? ResponseModel,
    FinishReason? FinishReason,
    IReadOnlyList<ModelFailure>? Failures,
    object? Arguments,
    StepApproval? Approval,
    string? ChildRun,
    object? Input,
    string? Result)
{
    private const string Pending = "pending";

    /// <param name="run">With its decisions, journaled or not yet.</param>
    /// <param name="forOperator">Whether an operator reads it: nobody else learns what providers say of their failures.</param>
    public static IReadOnlyList<StepDocument> From(Run run, IReadOnlyList<JournalEntry> entries, bool forOperator)
    {
        var decisions = run.Decisions.Concat(entries.Select(entry => entry.Decision).OfType<ApprovalDecision>())
            .GroupBy(decision => decision.CallId).ToDictionary(group => group.Key, group => group.Last());
        var calls = entries
            .Where(entry => entry.Kind == EntryKind.Model)
            .SelectMany(answer => answer.ToolCalls().Select((content, index) => (Id: Ids.ToolCall(answer.Turn, index), answer.Turn, Content: content)))
            .ToDictionary(call => call.Id, call => (call.Turn, call.Content));
        var recorded = entries
            .Where(entry => entry.Kind is EntryKind.Input or EntryKind.Model or EntryKind.Tool or EntryKind.Summary or EntryKind.Repair)
            .Select(entry => entry switch
            {
                { Kind: EntryKind.Input } => From(entry) with { Name = "input", Input = InputDocument.Of(entry.Messages, run.InputIsList) },
                { Kind: EntryKind.Tool, CallId: { } id } => OfCall(entry, calls.GetValueOrDefault(id).Content, decisions.GetValueOrDefault(id)),
                _ => From(entry) with { Result = entry.Text(), Failures = forOperator && entry.Failures.Count > 0 ? entry.Failures : null },
            });

        // A human has decided, and sees it: whoever drives the run may come to it later.
        var made = entries.Where(entry => entry.Kind == EntryKind.Tool).Select(entry => entry.CallId).ToHashSet();
        var decided = run.IsTerminal ? [] : decisions.Values
            .Where(decision => !made.Contains(decision.CallId) && calls.ContainsKey(decision.CallId))
            .OrderBy(decision => decision.At)
            .Select(decision => OfDecided(calls[decision.CallId].Turn, calls[decision.CallId].Content, decision));
        return [.. recorded, .. decided];
    }

    private static StepDocument From(JournalEntry entry) => new(
        entry.Turn,
        ContractJson.Name(entry.Kind),
        entry.ServedBy,
        entry.CallId,
        ContractJson.Name(entry.Status),
        entry.StartedAt,
        (long)entry.Duration.TotalMilliseconds,
        entry.InputTokens,
        entry.OutputTokens,
        entry.CachedInputTokens,
        entry.CacheWriteInputTokens,
        entry.ReasoningTokens,
        entry.CostUsd,
        entry.Cached ? true : null,
        entry.Inherited ? true : null,
        entry.Estimated ? true : null,
        entry.ServedBy,
        entry.ResponseModel,
        entry.FinishReason,
        Failures: null,
        Arguments: null,
        Approval: null,
        entry.ChildRun,
        Input: null,
        Result: null);

    private static StepDocument OfCall(JournalEntry entry, FunctionCallContent? call, ApprovalDecision? decision) => From(entry) with
    {
        Name = call?.Name ?? entry.ServedBy,
        Arguments = decision?.Arguments ?? (object?)call?.Arguments,
        Approval = StepApproval.Of(decision),
        Result = entry.Messages.SelectMany(message => message.Contents).OfType<FunctionResultContent>().FirstOrDefault()?.Result?.ToString(),
    };

    private static StepDocument OfDecided(int turn, FunctionCallContent call, ApprovalDecision decision)
    {
        var entry = new JournalEntry { Kind = EntryKind.Tool, Turn = turn, CallId = decision.CallId, Status = StepStatus.Denied, StartedAt = decision.At };
        var step = OfCall(entry, call, decision);
        return decision.Outcome == ApprovalOutcome.Approve ? step with { Status = Pending } : step;
    }
}

/// <summary>What was decided about a call that needed approval.</summary>
/// <param name="By">The user who decided; absent where nobody did in time.</param>
internal sealed record StepApproval(ApprovalOutcome Decision, string? By, DateTimeOffset At, string? Reason)
{
    public static StepApproval? Of(ApprovalDecision? decision) =>
        decision is null ? null : new(decision.Outcome, decision.By, decision.At, decision.Reason);
}
