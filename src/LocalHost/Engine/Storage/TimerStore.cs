using Microsoft.DurableTask.Client;

namespace Yggdrasil.LocalHost.Engine.Storage;

/// <summary>What is due at a time: durable timers, delayed starts, delayed events.</summary>
internal sealed class TimerStore
{
    private readonly EngineDatabase _database;
    private readonly Statement _next;
    private readonly Statement _due;
    private readonly Statement _remove;
    private readonly Statement _start;
    private readonly Statement _deliver;

    public TimerStore(EngineDatabase database)
    {
        _database = database;
        _next = database.Prepare("SELECT due FROM timers ORDER BY due LIMIT 1");
        _due = database.Prepare(
            "SELECT id, instance_id, kind, task_id, name, data FROM timers WHERE due <= $1 ORDER BY due, id", 1);
        _remove = database.Prepare("DELETE FROM timers WHERE id = $1", 1);
        _start = database.Prepare("UPDATE instances SET ready = 1 WHERE id = $1 AND status = $2", 2);
        _deliver = database.Prepare(
            """
            INSERT INTO inbox (instance_id, carried, kind, task_id, name, data)
            SELECT id, 0, $2, $3, $4, $5 FROM instances WHERE id = $1 AND (status = $6 OR ready = 1)
            """,
            6);
    }

    public DateTime? NextDue() => _database.Read<DateTime?>(() =>
        _next.Query(row => row.GetInt64(0)) is [var ticks] ? new DateTime(ticks, DateTimeKind.Utc) : null);

    /// <summary>Delivers everything due; answers the instances that now have a step to make.</summary>
    public IReadOnlyList<string> FireDue(DateTime now) => _database.Write<IReadOnlyList<string>>(() =>
    {
        var woken = new List<string>();
        foreach (var (id, instanceId, message) in _due.Query(
            row => (
                row.GetInt64(0),
                row.GetString(1),
                new HistoryEvent(
                    (HistoryKind)row.GetInt32(2), row.GetInt32(3), row.TextOrNull(4), row.TextOrNull(5))),
            now.Ticks))
        {
            _remove.Execute(id);
            if (Deliver(instanceId, message) > 0)
            {
                woken.Add(instanceId);
            }
        }

        return woken;
    });

    private int Deliver(string instanceId, HistoryEvent message) => message.Kind == HistoryKind.ExecutionStarted
        ? _start.Execute(instanceId, (int)OrchestrationRuntimeStatus.Pending)
        : _deliver.Execute(
            instanceId,
            (int)message.Kind,
            message.TaskId,
            message.Name,
            message.Data,
            (int)OrchestrationRuntimeStatus.Running);
}
