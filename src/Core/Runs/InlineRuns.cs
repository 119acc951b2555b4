using Yggdrasil.Agents;
using Yggdrasil.Limits;
using Yggdrasil.Problems;
using Yggdrasil.Providers;
using Yggdrasil.Security;
using Yggdrasil.Security.Authorization;
using Yggdrasil.Security.Redaction;

namespace Yggdrasil.Runs;

/// <summary>Runs that live and die with the request which asks for them: the same loop and gates, and nothing is kept but what they used.</summary>
/// <remarks>
/// Nobody could take such a run over, so it waits for nobody: a tool that needs a human's approval, or is an activity of its
/// own, is refused to the model.
/// </remarks>
public sealed class InlineRuns
{
    /// <summary>Seconds. Proxies give up a request that has not been answered after 230.</summary>
    public const int MaxDeadlineSeconds = 200;

    /// <summary>How long after the deadline a tool that must not be repeated may still come to its end.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly AgentService _agents;
    private readonly AgentLoop _loop;
    private readonly InlineQuotas _quotas;
    private readonly TimeProvider _time;

    internal InlineRuns(AgentService agents, AgentLoop loop, InlineQuotas quotas, TimeProvider time) =>
        (_agents, _loop, _quotas, _time) = (agents, loop, quotas, time);

    /// <summary>Runs to the end.</summary>
    /// <param name="request">Without a conversation.</param>
    /// <param name="requestAborted">The caller went away: the run ends at once, without a trace.</param>
    /// <exception cref="NotFoundException">The caller has no such agent, and none of that id is shared with the caller.</exception>
    /// <exception cref="InvalidRequestException">The request's limits do not fit, or the agent refuses its input.</exception>
    /// <exception cref="LimitException">The caller has started as many runs, or used as much, as allowed.</exception>
    /// <exception cref="ProviderUnavailableException">No model of the agent could be reached.</exception>
    public async Task<Run> RunAsync(Caller caller, string agentId, StartRun request, CancellationToken requestAborted)
    {
        var agent = await _agents.RequireToRunAsync(AccessPolicy.ScopeOf(caller, userId: null), agentId, requestAborted);
        Validate(request, agent.Definition);
        var bounded = request with { DeadlineSeconds = request.DeadlineSeconds ?? Math.Min(agent.Definition.DeadlineSeconds, MaxDeadlineSeconds) };
        var now = _time.GetUtcNow();
        var run = NewRun.Of(Ids.NewRun(), caller, agent.Snapshot, bounded, now).Run with { Status = RunStatus.Running, StartedAt = now };
        var quota = await _quotas.AdmitAsync(run, request.Input, requestAborted);
        var journal = new MemoryRunJournal(run, request.Input, quota);
        try
        {
            await DriveAsync(journal, requestAborted);
        }
        finally
        {
            // Also of a caller that has gone: what was used was used.
            await quota.SettleAsync(journal.Run.Usage, CancellationToken.None);
        }

        return journal.Run.ProviderFailure is { } failure && IsOutage(failure)
            ? throw new ProviderUnavailableException(failure.Message, failure.RetryAfter)
            : journal.Run;
    }

    private async Task DriveAsync(MemoryRunJournal journal, CancellationToken requestAborted)
    {
        var left = journal.Run.Deadline - _time.GetUtcNow();
        using var deadline = new CancellationTokenSource(left, _time);
        using var end = new CancellationTokenSource(left + Grace, _time);
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(requestAborted, end.Token);
        using var slice = new Slice(TimeSpan.MaxValue, _time, stopping: deadline.Token, lost.Token);
        try
        {
            await _loop.AdvanceAsync(journal, slice);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !requestAborted.IsCancellationRequested)
        {
            // The step in flight was given up; the run ends below.
        }

        if (!journal.Run.IsTerminal)
        {
            await _loop.ExpireAsync(journal, CancellationToken.None);
        }
    }

    private static void Validate(StartRun request, AgentDefinition agent)
    {
        var errors = new FieldErrors();
        AgentValidator.ValidateMaxTurns(request.MaxTurns, agent, errors);
        errors.Require(
            request.DeadlineSeconds is null or (>= 1 and <= MaxDeadlineSeconds), "deadlineSeconds", $"Must be between 1 and {MaxDeadlineSeconds}.");
        InputBlock.Validate(request.Input, agent, errors);
        errors.ThrowIfAny();
    }

    /// <summary>Not a request that no model takes: that would fail again, and is the run's result.</summary>
    private static bool IsOutage(ProviderException failure) =>
        failure.Failure != FailureClass.Stop || failure.Code == ProviderException.Unavailable;
}
