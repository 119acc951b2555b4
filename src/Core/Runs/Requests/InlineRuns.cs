using Microsoft.Extensions.Logging;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;

namespace Yggdrasil.Runs.Requests;

/// <summary>Runs within a request: the same loop and gates as durable runs. Nothing but the usage is stored.</summary>
/// <remarks>
/// Nobody could take such a run over, so it waits for nobody: a tool that needs a human's approval, or is an activity of its
/// own, is refused to the model.
/// </remarks>
public sealed partial class InlineRuns
{
    /// <summary>Seconds. Proxies give up a request that has not been answered after 230.</summary>
    public const int MaxDeadlineSeconds = 200;

    /// <summary>How long after the deadline a tool that must not be repeated may still come to its end.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly AgentService _agents;
    private readonly AgentLoop _loop;
    private readonly InlineQuotas _quotas;
    private readonly TimeProvider _time;
    private readonly ILogger<InlineRuns> _logger;

    internal InlineRuns(AgentService agents, AgentLoop loop, InlineQuotas quotas, TimeProvider time, ILogger<InlineRuns> logger) =>
        (_agents, _loop, _quotas, _time, _logger) = (agents, loop, quotas, time, logger);

    /// <summary>Runs to the end.</summary>
    /// <param name="request">Without a conversation.</param>
    /// <param name="requestAborted">The caller went away: the run ends at once, without a trace.</param>
    /// <exception cref="NotFoundException">The caller has no such agent, and none of that id is shared with the caller.</exception>
    /// <exception cref="InvalidRequestException">The request's limits do not fit, or the agent refuses its input.</exception>
    /// <exception cref="LimitException">The caller has started as many runs, or used as much, as allowed.</exception>
    /// <exception cref="ProviderUnavailableException">No model of the agent could be reached.</exception>
    public async Task<Run> RunAsync(Caller caller, string agentId, StartRun request, CancellationToken requestAborted)
    {
        var run = await PrepareAsync(caller, agentId, request, requestAborted);
        var quota = await _quotas.AdmitAsync(run, request.Input, requestAborted);
        var journal = new MemoryRunJournal(run, request.Input, quota);
        await DriveAsync(journal, quota, requestAborted);
        return journal.Run.ProviderFailure is { } failure && IsOutage(failure)
            ? throw new ProviderUnavailableException(failure.Message, failure.RetryAfter)
            : journal.Run;
    }

    /// <summary>Begins a run whose events are read while it goes on; its end, whatever it is, is the last of them.</summary>
    /// <param name="requestAborted">The caller went away: the run ends at once.</param>
    /// <returns>To be disposed of when the reader has gone; that ends a run which has not ended.</returns>
    /// <exception cref="NotFoundException">The caller has no such agent, and none of that id is shared with the caller.</exception>
    /// <exception cref="InvalidRequestException">The request's limits do not fit, or the agent refuses its input.</exception>
    /// <exception cref="LimitException">The caller has started as many runs, or used as much, as allowed.</exception>
    public async Task<RunEventReader> StreamAsync(Caller caller, string agentId, StartRun request, CancellationToken requestAborted)
    {
        var run = await PrepareAsync(caller, agentId, request, requestAborted);
        var quota = await _quotas.AdmitAsync(run, request.Input, requestAborted);
        var events = new InlineEvents(run, NewRun.Input(request, run.CreatedAt));
        var journal = new MemoryRunJournal(run, request.Input, quota, events) { Committed = events.Committed };
        var gone = CancellationTokenSource.CreateLinkedTokenSource(requestAborted);
        var driving = DriveToEndAsync(journal, quota, gone.Token);
        return new RunEventReader(events.Timeline, run.Id, after: null, new Drive(driving, gone), _time);
    }

    private async Task<Run> PrepareAsync(Caller caller, string agentId, StartRun request, CancellationToken requestAborted)
    {
        var agent = await _agents.RequireToRunAsync(AccessPolicy.ScopeOf(caller, userId: null), agentId, requestAborted);
        Validate(request, agent.Definition);
        var bounded = request with { DeadlineSeconds = request.DeadlineSeconds ?? Math.Min(agent.Definition.DeadlineSeconds, MaxDeadlineSeconds) };
        var now = _time.GetUtcNow();

        // The input is the first entry, though nobody keeps it.
        return NewRun.Of(Ids.NewRun(), caller, agent.Snapshot, bounded, now).Run with { Status = RunStatus.Running, StartedAt = now, NextSequence = 1 };
    }

    /// <summary>Nobody waits for the exception of a run that is being read, so a failure of ours is its end.</summary>
    private async Task DriveToEndAsync(MemoryRunJournal journal, InlineReservation quota, CancellationToken gone)
    {
        // What the loop does before its first wait must not hold up the answer's beginning.
        await Task.Yield();
        try
        {
            await DriveAsync(journal, quota, gone);
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // Nobody is left to be told.
        }
        catch (Exception failure)
        {
            var errorId = Ids.NewError();
            LogFailed(journal.Run.Id, errorId, failure.GetType().FullName);
            LogDetails(failure, errorId);
            if (!journal.Run.IsTerminal)
            {
                var error = new RunError("internal_error", $"The run could not go on ({errorId}).");
                var failed = RunEnd.Of(journal.Run, journal.Transcript, StopReason.InternalError, _time.GetUtcNow(), error);
                await journal.CommitAsync(failed.Run, failed.Entries, CancellationToken.None);
            }
        }
    }

    private async Task DriveAsync(MemoryRunJournal journal, InlineReservation quota, CancellationToken gone)
    {
        try
        {
            await DriveAsync(journal, gone);
        }
        finally
        {
            // Also of a caller that has gone: what was used was used.
            await quota.SettleAsync(journal.Run.Usage, CancellationToken.None);
        }
    }

    private async Task DriveAsync(MemoryRunJournal journal, CancellationToken gone)
    {
        var left = journal.Run.TimeUntilDeadline(_time.GetUtcNow());
        using var deadline = new CancellationTokenSource(left, _time);
        using var end = new CancellationTokenSource(left + Grace, _time);
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(gone, end.Token);
        using var slice = new Slice(TimeSpan.MaxValue, _time, stopping: CancellationToken.None, lost.Token);
        using var onDeadline = deadline.Token.Register(slice.Expire);
        try
        {
            await ModelCaller.AsAsync(new ModelCaller(journal.Run.Caller.Owner.Partition), () => _loop.AdvanceAsync(journal, slice));
        }
        catch (OperationCanceledException) when (slice.IsExpired && !gone.IsCancellationRequested)
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
        request.Overrides.Validate(agent, request.ClientTools, errors);
        errors.Require(request.ClientTools.Count == 0, "clientTools", "An inline run waits for nobody: start it with POST /api/agents/{agent}/runs.");
        InputBlock.Validate(request.Input, agent, errors, request.Overrides.Instructions);
        errors.ThrowIfAny();
    }

    /// <summary>Not a request that no model takes: that would fail again, and is the run's result.</summary>
    private static bool IsOutage(ProviderException failure) =>
        failure.Failure != FailureClass.Stop || failure.Code == ProviderException.Unavailable;

    [LoggerMessage(1050, LogLevel.Error, "Inline run {RunId} failed: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string runId, string errorId, string? exceptionType);

    [LoggerMessage(1051, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);

    /// <summary>Ends the run when its reader goes, and waits until what it used is accounted for.</summary>
    private sealed class Drive(Task driving, CancellationTokenSource gone) : IAsyncDisposable
    {
        private int _disposed;

        public async ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                await gone.CancelAsync();
                await driving;
                gone.Dispose();
            }
        }
    }
}
