using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Yggdrasil.LocalHost.Engine.Storage;

namespace Yggdrasil.LocalHost.Engine.Replay;

/// <summary>
/// One step of one instance: runs the orchestrator from its beginning over all of history, then over the new messages, and
/// answers what that changes. Nothing is kept in memory between steps, so a replay is the rule, not the exception after a
/// crash, and code that does not replay well fails in its first test.
/// </summary>
internal sealed class OrchestrationReplay
{
    private readonly IOrchestrationCode _code;
    private readonly LoadedStep _step;
    private readonly ReplaySynchronizationContext _thread;
    private readonly ReplayContext _context;
    private Task<string?>? _run;

    private OrchestrationReplay(
        IOrchestrationCode code, LoadedStep step, ILoggerFactory loggers, Action onLateViolation)
    {
        _code = code;
        _step = step;
        _thread = new ReplaySynchronizationContext(onLateViolation);
        _context = new ReplayContext(step.Instance, _thread, loggers);
    }

    /// <summary>Makes the step; <paramref name="onLateViolation"/> is called, from any thread, if code goes on after it.</summary>
    public static StepCommit Run(
        IOrchestrationCode code, LoadedStep step, DateTime now, ILoggerFactory loggers, Action onLateViolation)
    {
        var before = SynchronizationContext.Current;
        var replay = new OrchestrationReplay(code, step, loggers, onLateViolation);
        SynchronizationContext.SetSynchronizationContext(replay._thread);
        try
        {
            return replay.Run(now);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private StepCommit Run(DateTime now)
    {
        var fresh = FreshEvents(now);
        Ending? ending;
        try
        {
            foreach (var line in _step.History)
            {
                Play(line, replaying: true);
            }

            foreach (var line in fresh)
            {
                Play(line, replaying: false);
            }

            ending = End();
        }
        catch (Exception e)
        {
            // Whatever goes wrong in a replay is this instance's failure: one bad instance must not stop the others.
            _thread.Close();
            ending = Failed(e);
        }

        return Commit(now, fresh, ending);
    }

    private List<HistoryEvent> FreshEvents(DateTime now)
    {
        var fresh = new List<HistoryEvent>(_step.Inbox.Count + 2) { new(HistoryKind.StepStarted, At: now) };
        if (_step.History.Count == 0)
        {
            fresh.Add(new HistoryEvent(HistoryKind.ExecutionStarted));
        }

        fresh.AddRange(_step.Inbox);
        return fresh;
    }

    private void Play(HistoryEvent line, bool replaying)
    {
        switch (line.Kind)
        {
            case HistoryKind.StepStarted:
                _context.Decisions.RequireAllRecorded();
                RequireStillRunning();
                _context.BeginStep(line.At, replaying);
                break;
            case HistoryKind.ExecutionStarted:
                _run = Start();
                break;
            case HistoryKind.ActivityScheduled or HistoryKind.TimerCreated:
                _context.Decisions.Confirm(line);
                break;
            case HistoryKind.ActivityCompleted or HistoryKind.TimerFired:
                _context.Complete(line.TaskId, line.Data);
                break;
            case HistoryKind.ActivityFailed:
                _context.Fail(line);
                break;
            case HistoryKind.EventRaised:
                _context.Raise(line);
                break;
            case HistoryKind.IllegalAwait:
                throw new IllegalAwaitException();
            default:
                throw new NonDeterministicOrchestrationException($"History has an unknown line ({line.Kind}).");
        }

        _thread.Drain();
    }

    // The await is the point: should the code end on another thread, this continuation is posted from there, and seen.
    private async Task<string?> Start() => await _code.RunOrchestratorAsync(_context.Name, _context);

    private void RequireStillRunning()
    {
        if (_run is { IsCompleted: true } && _context.OpenTasks == 0)
        {
            throw new NonDeterministicOrchestrationException("The replay is over; history goes on.");
        }
    }

    private Ending? End()
    {
        var run = _run ?? throw new NonDeterministicOrchestrationException("History has no beginning.");
        if (_thread.Close())
        {
            throw new IllegalAwaitException();
        }

        // As in the genuine engine: an open timer or call keeps the instance running, even after its code has returned.
        if (_context.OpenTasks > 0)
        {
            return null;
        }

        if (!run.IsCompleted)
        {
            return _context.Events.HasWaiters ? null : throw new IllegalAwaitException();
        }

        if (!run.IsCompletedSuccessfully)
        {
            return Failed(run.Exception?.InnerException ?? new TaskCanceledException(run));
        }

        return _context.Again is (true, var input)
            ? new Ending.Again(input, _context.Events.Unclaimed)
            : new Ending.Terminal(OrchestrationRuntimeStatus.Completed, run.Result, null);
    }

    private static Ending.Terminal Failed(Exception e)
    {
        var details = TaskFailureDetails.FromException(e);
        if (e is TaskFailedException task)
        {
            details = details with { InnerFailure = task.FailureDetails };
        }

        return new Ending.Terminal(OrchestrationRuntimeStatus.Failed, null, details);
    }

    private StepCommit Commit(DateTime now, List<HistoryEvent> fresh, Ending? ending)
    {
        var activities = new List<NewActivity>();
        var timers = new List<NewTimer>();
        foreach (var (line, input) in _context.Decisions.Unrecorded)
        {
            fresh.Add(line);
            if (line.Kind == HistoryKind.ActivityScheduled)
            {
                activities.Add(new NewActivity(line.TaskId, line.Name!, input));
            }
            else if (_context.IsOpen(line.TaskId))
            {
                timers.Add(new NewTimer(line.TaskId, line.At));
            }
        }

        return new StepCommit(
            _step.Instance.Id,
            now,
            _step.LastInboxId,
            _step.History.Count,
            fresh,
            activities,
            timers,
            _context.CancelledTimers,
            ending);
    }
}
