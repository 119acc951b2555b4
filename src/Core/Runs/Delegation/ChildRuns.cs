using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Runs.Store;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Delegation;

/// <summary>Starts child runs: runs of agents that other agents call as tools.</summary>
/// <remarks>
/// <code>
///   parent:  [answer: call agent_x] ──► [intent: child's id] ──► rests ·················· woken ──► [result] ──► model
///   child:                                    └──► started, an ordinary run ──► ended ────┘
/// </code>
/// The intent comes first, so whoever ends the parent knows of every child there may be; and whoever finds an intent without its
/// run starts it. The parent reads how its child ended from the child's own row: a lost wake-up costs time, and nothing else.
/// </remarks>
public sealed class ChildRuns
{
    private readonly RunService _runs;
    private readonly RunStore _store;
    private readonly RunControl _control;
    private readonly RunOptions _options;
    private readonly TimeProvider _time;

    internal ChildRuns(RunService runs, RunStore store, RunControl control, RunOptions options, TimeProvider time) =>
        (_runs, _store, _control, _options, _time) = (runs, store, control, options, time);

    /// <summary>Starts the child, or finds it started; a refusal becomes the call's result.</summary>
    public async Task StartAsync(DelegatedCall call, CancellationToken cancellationToken)
    {
        var parent = call.Parent;
        try
        {
            var (child, _) = await _runs.StartAsync(
                parent.Caller,
                DelegateNames.IdFor(parent.AgentId, call.AgentId),
                RequestOf(call),
                new Idempotency(call.Key, RequestHash: "child"),
                wait: TimeSpan.Zero,
                cancellationToken);

            // A parent that ended before this had no child to cancel yet.
            if (await _store.FindHeadAsync(parent.Caller.Owner.Partition, parent.Id, cancellationToken) is null or { IsTerminal: true })
            {
                await _control.CancelAsync(AccessPolicy.ScopeOf(parent.Caller, userId: null), child.Id, cancellationToken);
            }
        }
        catch (ProblemException refusal)
        {
            await RecordRefusalAsync(call, refusal, cancellationToken);
        }
    }

    private static StartRun RequestOf(DelegatedCall call) => new()
    {
        Input = [new ChatMessage(ChatRole.User, call.Input)],
        Notices = [ParentNotice.For(call.Parent)],
        Inherited = new Inheritance(
            new ParentCall(call.Parent.Id, call.CallId),
            [.. call.Parent.Ancestors, call.Parent.AgentId],
            call.Parent.Deadline,
            call.Parent.Agent.Redaction),
    };

    private async Task RecordRefusalAsync(DelegatedCall call, ProblemException refusal, CancellationToken cancellationToken)
    {
        var reference = new RunReference(call.Parent.Caller.Owner.Partition, call.Parent.Id);
        if (await SharedRunJournal.LoadAsync(_store, reference, _options.Slice, _time, cancellationToken) is not { Run.IsTerminal: false } journal
            || journal.Transcript.PendingCalls.FirstOrDefault(pending => pending.CallId == call.CallId) is not { } pending)
        {
            return;
        }

        var now = _time.GetUtcNow();
        var result = new JournalEntry
        {
            Kind = EntryKind.Tool,
            Turn = pending.Turn,
            CallId = pending.CallId,
            Name = pending.Content.Name,
            Status = StepStatus.Refused,
            StartedAt = pending.Intent?.StartedAt ?? now,
            Messages = [new ChatMessage(ChatRole.Tool, [new FunctionResultContent(pending.Content.CallId, $"The agent could not be asked: {refusal.Message}")])],
        };
        try
        {
            var usage = journal.Run.Usage;
            await journal.CommitAsync(journal.Run with { Usage = usage with { ToolCalls = usage.ToolCalls + 1 } }, [result], cancellationToken);
        }
        catch (LeaseLostException)
        {
            // Another delivery was faster, the parent has ended, or whoever drives it will find that the child is not there.
        }
    }
}
