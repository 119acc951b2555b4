using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http.Segments;

/// <summary>Requests that end with answers to what a run waits for: the run goes on, and what the request says before them is not needed.</summary>
/// <remarks>Calls and approvals are named by ids that lead to the run. Where they do not, or it waits no more, the request is one as any.</remarks>
internal sealed class RunAnswers(RunService runs, ClientToolService tools, ApprovalService approvals, ToolCatalog catalog)
{
    /// <returns>The run that goes on, and the part of it that comes next; null where the request answers none.</returns>
    /// <param name="given">The answers that it ends with.</param>
    /// <param name="previous">The run that the request says it goes on from; null where it sends its whole history.</param>
    /// <param name="waits">Approvals are decided elsewhere.</param>
    /// <exception cref="InvalidRequestException">Something that the run waits for has no answer, or another agent is named.</exception>
    /// <exception cref="ConflictException">Something was answered otherwise, or it is too late.</exception>
    public async Task<(Run Run, int Segment)?> TryAsync(
        Scope scope, string agent, IReadOnlyList<InputItem> given, string? previous, bool waits, string field, CancellationToken cancellationToken)
    {
        var answers = given.Select(item => (Item: item, Id: ItemId.Parse(item.Id))).ToList();
        if (answers.Count == 0 || answers.Exists(answer => answer.Id is null || answer.Id.RunId != (previous ?? answers[0].Id!.RunId))
            || await FindAsync(scope, answers[0].Id!.RunId, cancellationToken) is not var (run, entries))
        {
            return null;
        }

        var calls = answers.Select(answer => answer.Id!.CallId).ToHashSet();
        var steps = entries.SelectMany(new RunOutline(() => run, catalog, waits).Add).ToList();
        var asked = steps.FindAll(step => step.Kind is OutlineKind.ClientCall or OutlineKind.ApprovalRequest && calls.Contains(step.CallId!));
        if (asked.Count != calls.Count || asked.Exists(step => step.Segment != asked[0].Segment) || (previous is null && !answers.TrueForAll(answer => IsOpenOrSame(run, answer.Item, answer.Id!))))
        {
            return null;
        }

        RequireAll(run, calls, waits, field);
        if (run.AgentId != agent)
        {
            throw new InvalidRequestException("model", $"What waits for these answers is of \"{run.AgentId}\".");
        }

        foreach (var (item, id) in answers)
        {
            await AnswerAsync(scope, run, item, id!.CallId, field, cancellationToken);
        }

        return (run, asked[0].Segment + 1);
    }

    /// <summary>Refuses a request that goes on from a response which waits for its caller, and says nothing of that.</summary>
    public static void RequireAll(Run run, IReadOnlySet<string> answered, bool waits, string field)
    {
        var open = (waits ? run.PendingToolCalls : run.Awaited).FirstOrDefault(call =>
            !answered.Contains(call.CallId)
            && run.Answers.All(answer => answer.CallId != call.CallId)
            && run.Decisions.All(decision => decision.CallId != call.CallId));
        if (open is not null)
        {
            throw new InvalidRequestException(field, open.IsWithClient
                ? $"No tool output found for function call {ItemId.CallOf(run.Id, open.CallId)}."
                : $"No approval response found for approval request {ItemId.ApprovalOf(run.Id, open.CallId)}.");
        }
    }

    private async Task<(Run Run, IReadOnlyList<JournalEntry> Entries)?> FindAsync(Scope scope, string runId, CancellationToken cancellationToken)
    {
        try
        {
            return await runs.GetStepsAsync(scope, runId, cancellationToken);
        }
        catch (NotFoundException)
        {
            return null;
        }
    }

    /// <summary>Whether the run waits for it, or has it already: a request that is repeated.</summary>
    private static bool IsOpenOrSame(Run run, InputItem item, ItemId id)
    {
        if (run.Answers.FirstOrDefault(answer => answer.CallId == id.CallId) is { } earlier)
        {
            return item.Kind == InputKind.Output && earlier.IsSameAs(ClientAnswer.Of(id.CallId, earlier.HasFailed, item.Text!, earlier.At));
        }

        return run.Decisions.FirstOrDefault(decision => decision.CallId == id.CallId) is { } decided
            ? item.Kind == InputKind.Approval && item.Approves == (decided.Outcome == ApprovalOutcome.Approve)
            : run.Awaited.Any(call => call.CallId == id.CallId);
    }

    private async Task AnswerAsync(
        Scope scope, Run run, InputItem item, string callId, string field, CancellationToken cancellationToken)
    {
        if (item.Kind == InputKind.Output)
        {
            await tools.AnswerAsync(scope, run.Id, callId, item.HasFailed, item.Text!, cancellationToken);
            return;
        }

        // The id names the call and, with it, arguments that never change.
        var hash = run.PendingApprovals.FirstOrDefault(call => call.CallId == callId)?.ArgumentsHash
            ?? run.Decisions.FirstOrDefault(decision => decision.CallId == callId)?.ArgumentsHash
            ?? throw new InvalidRequestException(field, $"{item.Id} can no longer be decided about.");
        var decision = new Decision(item.Approves ? ApprovalOutcome.Approve : ApprovalOutcome.Deny, hash, item.Text);
        await approvals.DecideAsync(scope, run.Id, callId, decision, cancellationToken);
    }
}
