using Yggdrasil.Agents;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Runs.Approvals;

/// <summary>
/// How the calls of a run that wait for somebody outside stand when it is looked at, from its journal and the decisions and answers beside it.
/// </summary>
/// <remarks>
/// Settled where the lease is taken, and nowhere else: that commit is bound to the version of the row that was read, and
/// every decision changes it. So a decision that was accepted is never overtaken by the expiry of its call.
/// </remarks>
internal sealed class ApprovalState
{
    private readonly Run _run;
    private readonly List<PendingCall> _calls;
    private readonly DateTimeOffset _now;

    public ApprovalState(Run run, IReadOnlyList<JournalEntry> entries, DateTimeOffset now)
    {
        (_run, _now) = (run, now);
        _calls = [.. new Transcript([], entries).PendingCalls];
        List<JournalEntry> settled = [.. Awaited.Select(Settle).OfType<JournalEntry>()];
        Settled = [.. settled.Take(RunStore.MaxEntriesPerCommit)];
        Remaining = settled.Count - Settled.Count;
    }

    /// <summary>Decisions and answers, and what time made of calls, that the journal does not hold yet: as many as one commit takes.</summary>
    public IReadOnlyList<JournalEntry> Settled { get; }

    /// <summary>How many more there are.</summary>
    public int Remaining { get; }

    /// <summary>Whether the run is to end because nobody decided in time.</summary>
    public bool IsExpired => _run.Agent.OnApprovalExpired == ApprovalExpiry.Expire && Awaited.Any(call => !call.IsWithClient && IsOverdue(call) && Stored(call) is null);

    /// <summary>Until when a driver would find nothing to do but wait for decisions; null when it has something to do.</summary>
    public DateTimeOffset? WaitsUntil => Settled.Count == 0 && _calls.Count > 0 && Awaited.Count() == _calls.Count && !IsExpired
        ? Awaited.Min(call => call.Request!.ExpiresAt)
        : null;

    /// <summary>The run once <see cref="Settled"/> is journaled.</summary>
    public Run Apply(Run run)
    {
        if (Settled.Count == 0)
        {
            return run;
        }

        var settled = Settled.Select(entry => entry.CallId).ToHashSet();
        return run with
        {
            Awaited = [.. run.Awaited.Where(pending => !settled.Contains(pending.CallId))],
            Usage = run.Usage with { ToolCalls = run.Usage.ToolCalls + Settled.Count(entry => entry.Kind == EntryKind.Tool) },
        };
    }

    private IEnumerable<PendingCall> Awaited => _calls.Where(call => call.Request is not null && call.Decision is null);

    private JournalEntry? Settle(PendingCall call) =>
        call.IsWithClient ? AnswerTo(call)?.ToEntry(call)
        : DecisionOn(call) is { } decision ? Decided(call, decision)
        : null;

    private ClientAnswer? AnswerTo(PendingCall call) => _run.Answers.FirstOrDefault(answer => answer.CallId == call.CallId)
        ?? (IsOverdue(call) ? ClientAnswer.TooLate(call) : null);

    private ApprovalDecision? DecisionOn(PendingCall call) => Stored(call)
        ?? (IsOverdue(call) && _run.Agent.OnApprovalExpired == ApprovalExpiry.Deny
            ? new ApprovalDecision(call.CallId, ApprovalOutcome.Expire, By: null, _now, ArgumentsHash.Of(_run.Id, call))
            : null);

    private ApprovalDecision? Stored(PendingCall call) => _run.Decisions.FirstOrDefault(decision => decision.CallId == call.CallId);

    private bool IsOverdue(PendingCall call) => call.Request!.ExpiresAt <= _now;

    private static JournalEntry Decided(PendingCall call, ApprovalDecision decision) => new()
    {
        Kind = EntryKind.ApprovalDecided,
        Turn = call.Turn,
        CallId = call.CallId,
        Name = call.Content.Name,
        StartedAt = decision.At,
        Decision = decision,
    };
}
