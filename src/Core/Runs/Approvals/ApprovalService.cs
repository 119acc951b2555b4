using System.Text.Json;
using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Approvals;

/// <summary>Approvals, for callers: decide about a tool call, and list the calls that wait for a decision.</summary>
public sealed partial class ApprovalService
{
    /// <summary>An entry of the index is written before its run says so; until then it must not be taken for stale.</summary>
    private static readonly TimeSpan IndexPatience = TimeSpan.FromMinutes(5);

    private readonly RunStore _store;
    private readonly ApprovalIndex _index;
    private readonly ToolGates _gates;
    private readonly RunWakeUp _wakeUp;
    private readonly Contention _contention;
    private readonly TimeProvider _time;
    private readonly ILogger<ApprovalService> _logger;

    internal ApprovalService(
        RunStore store, ApprovalIndex index, ToolGates gates, RunWakeUp wakeUp, Contention contention, TimeProvider time,
        ILogger<ApprovalService> logger) =>
        (_store, _index, _gates, _wakeUp, _contention, _time, _logger) = (store, index, gates, wakeUp, contention, time, logger);

    /// <summary>Decides about a call. The first decision counts; the same one again changes nothing.</summary>
    /// <exception cref="NotFoundException">There is no such run for this caller, or no such call that needs approval.</exception>
    /// <exception cref="InvalidRequestException">The replaced arguments do not pass the gates of the tool.</exception>
    /// <exception cref="ConflictException">Somebody decided otherwise, the arguments are not those that are pending, or it is too late.</exception>
    public async Task DecideAsync(Scope scope, string runId, string callId, Decision decision, CancellationToken cancellationToken)
    {
        if (!Ids.IsValid(runId) || !Ids.IsValid(callId))
        {
            throw new NotFoundException($"There is no run \"{runId}\".");
        }

        await _contention.RetryAsync("The run", AttemptAsync, cancellationToken);

        async Task<bool> AttemptAsync()
        {
            var run = await FindAsync(scope, runId, callId, cancellationToken);
            if (await IsDecidedAsync(run, callId, decision, cancellationToken))
            {
                return false;
            }

            await ValidateAsync(run, callId, decision, cancellationToken);
            var made = new ApprovalDecision(
                callId, decision.Outcome, scope.Caller.Owner.User, _time.GetUtcNow(), decision.ArgumentsHash, decision.Reason, decision.Arguments);
            var decided = await _store.DecideAsync(run, made, cancellationToken) ?? throw new ContendedException();
            LogDecided(runId, callId, decision.Outcome);
            await _wakeUp.TellAsync(runId, decided.Driver, cancellationToken);
            return true;
        }
    }

    /// <summary>The calls, of runs of any user, that the caller may decide about now; a page may hold fewer than asked for and still go on.</summary>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is not a cursor of this list.</exception>
    public async Task<ListPage<AwaitedApproval>> ListAsync(Caller caller, int limit, string? after, CancellationToken cancellationToken)
    {
        if (after is not null && !after.StartsWith(RowKeys.ApprovalPrefix, StringComparison.Ordinal))
        {
            throw InvalidRequestException.NotACursor();
        }

        var page = await _index.ListAsync(caller, limit, after, cancellationToken);
        var items = await Task.WhenAll(page.Items
            .GroupBy(entry => (entry.Owner, entry.RunId))
            .Select(entries => ResolveAsync(caller, [.. entries], cancellationToken)));
        return new ListPage<AwaitedApproval>([.. items.SelectMany(found => found)], page.Next);
    }

    private async Task<Run> FindAsync(Scope scope, string runId, string callId, CancellationToken cancellationToken)
    {
        var run = await _store.FindAsync(scope.Owner.Partition, runId, cancellationToken);
        if (run is null && await _index.FindOwnerAsync(scope.Caller, runId, callId, cancellationToken) is { } owner)
        {
            run = await _store.FindAsync(owner.Partition, runId, cancellationToken);
        }

        AccessPolicy.Require(scope.Caller, RunAction.Approve, run?.Caller.Owner, run?.AgentId, runId, run?.Agent.Approvers);
        return run!;
    }

    /// <returns>Whether the same was decided before.</returns>
    private async Task<bool> IsDecidedAsync(Run run, string callId, Decision decision, CancellationToken cancellationToken)
    {
        var earlier = await _store.FindDecisionAsync(run.Caller.Owner.Partition, run.Id, callId, cancellationToken);
        return earlier switch
        {
            null => false,
            _ when earlier.IsSameAs(decision.Outcome, decision.ArgumentsHash, decision.Arguments) => true,
            _ => throw new ConflictException("This call was decided about already, and otherwise."),
        };
    }

    private async Task ValidateAsync(Run run, string callId, Decision decision, CancellationToken cancellationToken)
    {
        if (run.PendingApprovals.FirstOrDefault(call => call.CallId == callId) is not { } pending)
        {
            var loaded = await _store.LoadAsync(run.Caller.Owner.Partition, run.Id, cancellationToken);
            throw loaded?.Entries.Any(entry => entry.Kind == EntryKind.ApprovalRequested && entry.CallId == callId) == true
                ? new ConflictException("This call can no longer be decided about.")
                : new NotFoundException($"No call \"{callId}\" of this run needs approval.");
        }

        if (_time.GetUtcNow() >= pending.ExpiresAt)
        {
            throw new ConflictException("The time for deciding about this call is over.");
        }

        if (decision.ArgumentsHash != pending.ArgumentsHash)
        {
            throw new ConflictException("The argumentsHash is not that of the pending call; read the run again.");
        }

        await _gates.PrepareAsync(run, toCall: null, cancellationToken);
        if (decision.Arguments is { } replacement && _gates.JudgeArguments(run, pending.Tool, replacement) is { Count: > 0 } errors)
        {
            throw new InvalidRequestException(new Dictionary<string, string[]> { ["arguments"] = [.. errors] });
        }
    }

    /// <summary>What of one run's entries the caller may decide about now. Entries that lead nowhere any more are removed.</summary>
    private async Task<IEnumerable<AwaitedApproval>> ResolveAsync(Caller caller, IReadOnlyList<ApprovalEntry> entries, CancellationToken cancellationToken)
    {
        Run? run;
        try
        {
            run = await _store.FindAsync(entries[0].Owner.Partition, entries[0].RunId, cancellationToken);
        }
        catch (ContentProtectionException)
        {
            // Logged and alerted where it was found; it must not hide the others.
            return [];
        }

        if (run is null or { IsTerminal: true })
        {
            foreach (var entry in entries.Where(entry => run is not null || _time.GetUtcNow() - entry.AddedAt > IndexPatience))
            {
                await _index.RemoveAsync(entry, cancellationToken);
            }

            return [];
        }

        if (AccessPolicy.Decide(caller, RunAction.Approve, run.Caller.Owner, run.AgentId, run.Agent.Approvers) != Access.Allowed)
        {
            return [];
        }

        var calls = entries.Select(entry => entry.CallId).ToHashSet();
        var decided = run.DecisionCount == 0 ? [] : await DecidedAsync(run, cancellationToken);
        return run.PendingApprovals
            .Where(pending => calls.Contains(pending.CallId) && !decided.Contains(pending.CallId) && pending.ExpiresAt > _time.GetUtcNow())
            .Select(pending => new AwaitedApproval(run.Id, run.AgentId, run.Caller.Owner, pending));
    }

    /// <summary>Calls whose decision the driver may not have taken up yet.</summary>
    private async Task<HashSet<string>> DecidedAsync(Run run, CancellationToken cancellationToken)
    {
        var found = await Task.WhenAll(run.PendingApprovals.Select(pending =>
            _store.FindDecisionAsync(run.Caller.Owner.Partition, run.Id, pending.CallId, cancellationToken)));
        return [.. found.OfType<ApprovalDecision>().Select(decision => decision.CallId)];
    }

    [LoggerMessage(1040, LogLevel.Information, "Run {RunId}, call {CallId}: {Outcome} was decided")]
    private partial void LogDecided(string runId, string callId, ApprovalOutcome outcome);
}

/// <summary>What a caller decides.</summary>
/// <param name="Outcome">Approve or deny.</param>
/// <param name="ArgumentsHash">As the pending call shows it.</param>
/// <param name="Arguments">An object to call the tool with instead; only with an approval.</param>
public sealed record Decision(ApprovalOutcome Outcome, string ArgumentsHash, string? Reason = null, JsonElement? Arguments = null);

/// <summary>A call that waits for a decision, in a run of any user.</summary>
public sealed record AwaitedApproval(string RunId, string AgentId, Owner Owner, PendingApproval Call);
