using System.Text.Json;
using Microsoft.DurableTask.Client;

namespace Yggdrasil.LocalHost.Engine.Storage;

/// <summary>What the engine does with instances: load a step, commit it, take in an activity's result.</summary>
internal sealed class StepStore
{
    private readonly EngineDatabase _database;
    private readonly Statement _find;
    private readonly Statement _ready;
    private readonly Statement _history;
    private readonly Statement _inbox;
    private readonly Statement _consume;
    private readonly Statement _addHistory;
    private readonly Statement _addWork;
    private readonly Statement _addTimer;
    private readonly Statement _addMessage;
    private readonly Statement _cancelTimer;
    private readonly Statement _update;
    private readonly Statement _restart;
    private readonly Statement _takeWork;
    private readonly Statement _allWork;
    private readonly Statement[] _clearExecution;
    private readonly Statement[] _clearPending;

    public StepStore(EngineDatabase database)
    {
        _database = database;
        _find = database.Prepare(
            """
            SELECT id, name, status, input, output, failure, created_at, updated_at FROM instances
            WHERE id = $1 AND (status = $2 OR ready = 1)
            """,
            2);
        _ready = database.Prepare("SELECT id FROM instances WHERE ready = 1 UNION SELECT instance_id FROM inbox");
        _history = database.Prepare("SELECT kind, task_id, name, data, at FROM history WHERE instance_id = $1 ORDER BY seq", 1);
        _inbox = database.Prepare(
            "SELECT kind, task_id, name, data, id FROM inbox WHERE instance_id = $1 ORDER BY carried DESC, id", 1);
        _consume = database.Prepare("DELETE FROM inbox WHERE instance_id = $1 AND id <= $2", 2);
        _addHistory = database.Prepare("INSERT INTO history VALUES ($1, $2, $3, $4, $5, $6, $7)", 7);
        _addWork = database.Prepare("INSERT INTO work (instance_id, task_id, name, input) VALUES ($1, $2, $3, $4) RETURNING id", 4);
        _addTimer = database.Prepare("INSERT INTO timers (instance_id, due, kind, task_id) VALUES ($1, $2, $3, $4)", 4);
        _addMessage = database.Prepare(
            "INSERT INTO inbox (instance_id, carried, kind, task_id, name, data) VALUES ($1, $2, $3, $4, $5, $6)", 6);
        _cancelTimer = database.Prepare("DELETE FROM timers WHERE instance_id = $1 AND task_id = $2", 2);
        _update = database.Prepare(
            "UPDATE instances SET status = $2, ready = 0, output = $3, failure = $4, updated_at = $5 WHERE id = $1", 5);
        _restart = database.Prepare(
            "UPDATE instances SET status = $2, ready = 1, input = $3, updated_at = $4 WHERE id = $1", 4);
        _takeWork = database.Prepare("DELETE FROM work WHERE id = $1", 1);
        _allWork = database.Prepare("SELECT id, instance_id, task_id, name, input FROM work ORDER BY id");

        // Timers of task -1 are delayed events, which outlive an execution.
        _clearExecution =
        [
            database.Prepare("DELETE FROM history WHERE instance_id = $1", 1),
            database.Prepare("DELETE FROM work WHERE instance_id = $1", 1),
            database.Prepare("DELETE FROM timers WHERE instance_id = $1 AND task_id >= 0", 1),
            database.Prepare($"DELETE FROM inbox WHERE instance_id = $1 AND kind <> {(int)HistoryKind.EventRaised}", 1),
        ];
        _clearPending =
        [
            database.Prepare("DELETE FROM work WHERE instance_id = $1", 1),
            database.Prepare("DELETE FROM timers WHERE instance_id = $1", 1),
            database.Prepare("DELETE FROM inbox WHERE instance_id = $1", 1),
        ];
    }

    /// <summary>Instances that are owed a step: asked once, at start-up.</summary>
    public IReadOnlyList<string> ReadyInstances() => _database.Read(() => _ready.Query(row => row.GetString(0)));

    /// <summary>Unfinished activity calls: asked once, at start-up.</summary>
    public IReadOnlyList<WorkItem> UnfinishedWork() => _database.Read(() => _allWork.Query(row => new WorkItem(
        row.GetInt64(0), row.GetString(1), row.GetInt32(2), row.GetString(3), row.TextOrNull(4))));

    /// <returns>Null when the instance is gone, terminal, not started yet, or has nothing new.</returns>
    public LoadedStep? Load(string id) => _database.Read(() =>
    {
        var running = (int)OrchestrationRuntimeStatus.Running;
        if (_find.Query(InstanceStore.MapInstance, id, running).SingleOrDefault() is not { } instance)
        {
            return null;
        }

        var history = _history.Query(
            row => new HistoryEvent(
                (HistoryKind)row.GetInt32(0),
                row.GetInt32(1),
                row.TextOrNull(2),
                row.TextOrNull(3),
                new DateTime(row.GetInt64(4), DateTimeKind.Utc)),
            id);
        var lastInboxId = 0L;
        var inbox = _inbox.Query(
            row =>
            {
                lastInboxId = Math.Max(lastInboxId, row.GetInt64(4));
                return new HistoryEvent(
                    (HistoryKind)row.GetInt32(0), row.GetInt32(1), row.TextOrNull(2), row.TextOrNull(3));
            },
            id);
        return history.Count > 0 && inbox.Count == 0 ? null : new LoadedStep(instance, history, inbox, lastInboxId);
    });

    /// <summary>Commits a step as a whole; answers its activity calls, to be run now.</summary>
    public IReadOnlyList<WorkItem> Commit(StepCommit step) => _database.Write<IReadOnlyList<WorkItem>>(() =>
    {
        _consume.Execute(step.InstanceId, step.LastInboxId);
        if (step.Ending is Ending.Again again)
        {
            Restart(step, again);
            return [];
        }

        AppendHistory(step);
        if (step.Ending is Ending.Terminal end)
        {
            foreach (var statement in _clearPending)
            {
                statement.Execute(step.InstanceId);
            }

            var failure = end.Failure is { } details ? JsonSerializer.Serialize(details) : null;
            _update.Execute(step.InstanceId, (int)end.Status, end.Output, failure, step.At.Ticks);
            return [];
        }

        _update.Execute(step.InstanceId, (int)OrchestrationRuntimeStatus.Running, null, null, step.At.Ticks);
        return AddPending(step);
    });

    /// <summary>Takes in an activity's result, in place of its call.</summary>
    /// <returns>False: another delivery was first, or the call's execution has ended; the result is dropped.</returns>
    public bool CompleteActivity(WorkItem work, HistoryEvent result) => _database.Write(() =>
    {
        if (_takeWork.Execute(work.Id) == 0)
        {
            return false;
        }

        _addMessage.Execute(work.InstanceId, 0, (int)result.Kind, result.TaskId, result.Name, result.Data);
        return true;
    });

    private void AppendHistory(StepCommit step)
    {
        var seq = step.HistoryLength;
        foreach (var line in step.NewHistory)
        {
            _addHistory.Execute(
                step.InstanceId, seq++, (int)line.Kind, line.TaskId, line.Name, line.Data, line.At.Ticks);
        }
    }

    private List<WorkItem> AddPending(StepCommit step)
    {
        foreach (var taskId in step.CancelledTimers)
        {
            _cancelTimer.Execute(step.InstanceId, taskId);
        }

        foreach (var timer in step.Timers)
        {
            _addTimer.Execute(step.InstanceId, timer.Due.Ticks, (int)HistoryKind.TimerFired, timer.TaskId);
        }

        var work = new List<WorkItem>(step.Activities.Count);
        foreach (var (taskId, name, input) in step.Activities)
        {
            var id = _addWork.Query(row => row.GetInt64(0), step.InstanceId, taskId, name, input).Single();
            work.Add(new WorkItem(id, step.InstanceId, taskId, name, input));
        }

        return work;
    }

    private void Restart(StepCommit step, Ending.Again again)
    {
        foreach (var statement in _clearExecution)
        {
            statement.Execute(step.InstanceId);
        }

        foreach (var raised in again.Carried)
        {
            _addMessage.Execute(step.InstanceId, 1, (int)raised.Kind, raised.TaskId, raised.Name, raised.Data);
        }

        _restart.Execute(step.InstanceId, (int)OrchestrationRuntimeStatus.Running, again.Input, step.At.Ticks);
    }
}
