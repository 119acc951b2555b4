using Microsoft.Data.Sqlite;
using Microsoft.DurableTask.Client;

namespace Yggdrasil.LocalHost.Engine.Storage;

/// <summary>What clients do with instances: start, raise, read, purge.</summary>
internal sealed class InstanceStore
{
    private readonly EngineDatabase _database;
    private readonly Statement _find;
    private readonly Statement _insert;
    private readonly Statement _raise;
    private readonly Statement _delay;
    private readonly Statement[] _deletes;

    public InstanceStore(EngineDatabase database)
    {
        _database = database;
        _find = database.Prepare(
            "SELECT id, name, status, input, output, failure, created_at, updated_at FROM instances WHERE id = $1", 1);
        _insert = database.Prepare(
            "INSERT INTO instances (id, name, status, ready, input, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6)",
            6);

        // An instance whose delayed start is not due has no queue yet: like the genuine Azure Storage backend, which
        // discards an event that arrives before the start message, so that nobody comes to rely on it here.
        _raise = database.Prepare(
            """
            INSERT INTO inbox (instance_id, carried, kind, task_id, name, data)
            SELECT id, 0, $2, -1, $3, $4 FROM instances WHERE id = $1 AND (status = $5 OR ready = 1)
            """,
            5);
        _delay = database.Prepare(
            "INSERT INTO timers (instance_id, due, kind, task_id, name, data) VALUES ($1, $2, $3, -1, $4, $5)", 5);
        _deletes =
        [
            database.Prepare("DELETE FROM instances WHERE id = $1", 1),
            database.Prepare("DELETE FROM history WHERE instance_id = $1", 1),
            database.Prepare("DELETE FROM inbox WHERE instance_id = $1", 1),
            database.Prepare("DELETE FROM work WHERE instance_id = $1", 1),
            database.Prepare("DELETE FROM timers WHERE instance_id = $1", 1),
        ];
    }

    /// <summary>Creates an instance, in place of a terminal one unless its status is in <paramref name="kept"/>.</summary>
    /// <returns>False: an instance of that id exists and stays.</returns>
    public bool TryCreate(
        string id,
        string name,
        string? input,
        DateTime now,
        DateTime? startAt,
        IReadOnlySet<OrchestrationRuntimeStatus> kept) => _database.Write(() =>
    {
        if (FindRow(id) is { } existing)
        {
            if (!existing.IsTerminal || kept.Contains(existing.Status))
            {
                return false;
            }

            Delete(id);
        }

        var delayed = startAt > now;
        _insert.Execute(id, name, (int)OrchestrationRuntimeStatus.Pending, delayed ? 0 : 1, input, now.Ticks);
        if (delayed)
        {
            _delay.Execute(id, startAt!.Value.Ticks, (int)HistoryKind.ExecutionStarted, null, null);
        }

        return true;
    });

    /// <returns>False: nobody is there to receive it.</returns>
    public bool Raise(string id, HistoryEvent message) => _database.Write(() => _raise.Execute(
        id, (int)message.Kind, message.Name, message.Data, (int)OrchestrationRuntimeStatus.Running) > 0);

    /// <summary>Raises an event later; whether anybody is there to receive it is asked then.</summary>
    public void RaiseAt(string id, HistoryEvent message, DateTime due) => _database.Write(() => _delay.Execute(
        id, due.Ticks, (int)message.Kind, message.Name, message.Data));

    public InstanceRecord? Find(string id) => _database.Read(() => FindRow(id));

    /// <returns>Whether there was such an instance.</returns>
    /// <exception cref="InvalidOperationException">It is not terminal.</exception>
    public bool Purge(string id) => _database.Write(() =>
    {
        var existing = FindRow(id);
        if (existing is { IsTerminal: false })
        {
            throw new InvalidOperationException($"Instance '{id}' is {existing.Status}: only a terminal one can be purged.");
        }

        Delete(id);
        return existing is not null;
    });

    private InstanceRecord? FindRow(string id) => _find.Query(MapInstance, id).SingleOrDefault();

    private void Delete(string id)
    {
        foreach (var statement in _deletes)
        {
            statement.Execute(id);
        }
    }

    internal static InstanceRecord MapInstance(SqliteDataReader row) => new(
        row.GetString(0),
        row.GetString(1),
        (OrchestrationRuntimeStatus)row.GetInt32(2),
        row.TextOrNull(3),
        row.TextOrNull(4),
        row.TextOrNull(5),
        new DateTime(row.GetInt64(6), DateTimeKind.Utc),
        new DateTime(row.GetInt64(7), DateTimeKind.Utc));
}
