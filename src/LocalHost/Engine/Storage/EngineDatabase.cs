using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Yggdrasil.LocalHost.Engine.Storage;

/// <summary>
/// The engine's SQLite file: one connection, one lock, one transaction per change of state.
/// </summary>
/// <remarks>
/// WAL with <c>synchronous = NORMAL</c>: a committed transaction is in the operating system's hands, so it survives
/// <c>kill -9</c> of this process at any point, but not a loss of power. That is enough for laptops and CI, and it makes a
/// commit cost tens of microseconds: a single connection under a lock is faster than any queue in front of it.
/// The file is locked for this process alone, as two engines on one file would run every activity twice.
/// </remarks>
internal sealed class EngineDatabase : IDisposable
{
    private const int SchemaVersion = 1;

    // Only matters while opening: long enough for a process that is just ending to let go of the file.
    private const int BusyTimeoutSeconds = 2;

    private readonly Lock _gate = new();
    private readonly SqliteConnection _connection;
    private readonly Action<WritePoint>? _probe;
    private readonly List<Statement> _statements = [];
    private readonly Statement _begin;
    private readonly Statement _commit;
    private readonly Statement _rollback;
    private readonly Statement _takeRoom;
    private readonly Statement _giveRoom;
    private bool _closed;
    private volatile bool _hasNoRoom;

    private EngineDatabase(SqliteConnection connection, Action<WritePoint>? probe)
    {
        _connection = connection;
        _probe = probe;
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
        _rollback = Prepare("ROLLBACK");
        _takeRoom = Prepare("INSERT INTO inbox (instance_id, carried, kind, task_id, data) VALUES ('', 0, -1, -1, $1)", 1);
        _giveRoom = Prepare("DELETE FROM inbox WHERE instance_id = ''");
    }

    /// <exception cref="InvalidOperationException">The file is another version's, or another process uses it.</exception>
    public static EngineDatabase Open(string path, Action<WritePoint>? probe)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            DefaultTimeout = BusyTimeoutSeconds,
            Pooling = false, // A pooled connection would keep the file locked after the engine is disposed.
        }.ToString());
        try
        {
            connection.Open();
            Configure(connection);
            CreateSchema(connection, path);
            return new EngineDatabase(connection, probe);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is raw.SQLITE_BUSY or raw.SQLITE_LOCKED)
        {
            connection.Dispose();
            throw new InvalidOperationException($"Another process uses the orchestration database '{path}'.", e);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public Statement Prepare(string sql, int parameters = 0)
    {
        var statement = new Statement(_connection, sql, parameters);
        _statements.Add(statement);
        return statement;
    }

    public T Read<T>(Func<T> body)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            return body();
        }
    }

    /// <summary>Whether the last change could not be written for want of room.</summary>
    public bool HasNoRoom => _hasNoRoom;

    /// <summary>Runs the body in one transaction; anything it throws undoes the whole.</summary>
    /// <exception cref="NoRoomException">The disk is full. Nothing has changed, and the same may be tried again.</exception>
    public T Write<T>(Func<T> body)
    {
        try
        {
            var result = WriteOnce(body);
            _hasNoRoom = false;
            return result;
        }
        catch (SqliteException full) when (NoRoomException.Is(full))
        {
            _hasNoRoom = true;
            throw new NoRoomException(full);
        }
    }

    /// <summary>Writes so much, and takes it back in the same transaction: it fails where there is no room for it.</summary>
    public void ProbeRoom(int bytes)
    {
        var text = new string(' ', bytes);
        Write(() => _takeRoom.Execute(text) + _giveRoom.Execute());
    }

    /// <summary>How many pages the file may have at most: a disk that is full, for tests.</summary>
    internal void LimitPages(long pages)
    {
        lock (_gate)
        {
            using var command = _connection.CreateCommand();
            command.CommandText = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {pages}");
            command.ExecuteNonQuery();
        }
    }

    private T WriteOnce<T>(Func<T> body)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _begin.Execute();
            T result;
            try
            {
                result = body();
                _probe?.Invoke(WritePoint.BeforeCommit);
                _commit.Execute();
            }
            catch
            {
                // Some failures (disk full, I/O) have rolled back already; a second ROLLBACK would hide them.
                if (raw.sqlite3_get_autocommit(_connection.Handle) == 0)
                {
                    _rollback.Execute();
                }

                throw;
            }

            _probe?.Invoke(WritePoint.AfterCommit);
            return result;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            _statements.ForEach(statement => statement.Dispose());
            _connection.Dispose();
        }
    }

    private static void Configure(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = """
            PRAGMA locking_mode = EXCLUSIVE;
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = NORMAL;
            PRAGMA temp_store = MEMORY;
            """;
        command.ExecuteNonQuery();
    }

    private static void CreateSchema(SqliteConnection connection, string path)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        var version = (long)command.ExecuteScalar()!;
        if (version != 0 && version != SchemaVersion)
        {
            throw new InvalidOperationException(
                $"The orchestration database '{path}' has schema {version}; this host writes schema {SchemaVersion}. "
                + "Move it away to begin with an empty one.");
        }

        command.CommandText = $"BEGIN IMMEDIATE; {Schema} PRAGMA user_version = {SchemaVersion}; COMMIT;";
        command.ExecuteNonQuery();
    }

    private const string Schema = """
        CREATE TABLE IF NOT EXISTS instances (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            status INTEGER NOT NULL,
            ready INTEGER NOT NULL,      -- 1: a step is owed even if the inbox is empty
            input TEXT,
            output TEXT,
            failure TEXT,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS instances_ready ON instances (id) WHERE ready = 1;
        CREATE TABLE IF NOT EXISTS history (
            instance_id TEXT NOT NULL,
            seq INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            task_id INTEGER NOT NULL,
            name TEXT,
            data TEXT,
            at INTEGER NOT NULL,
            PRIMARY KEY (instance_id, seq)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS inbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            instance_id TEXT NOT NULL,
            carried INTEGER NOT NULL,    -- 1: an event that the execution before did not use; older than all others
            kind INTEGER NOT NULL,
            task_id INTEGER NOT NULL,
            name TEXT,
            data TEXT);
        CREATE INDEX IF NOT EXISTS inbox_instance ON inbox (instance_id, id);
        CREATE TABLE IF NOT EXISTS work (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            instance_id TEXT NOT NULL,
            task_id INTEGER NOT NULL,
            name TEXT NOT NULL,
            input TEXT);
        CREATE INDEX IF NOT EXISTS work_instance ON work (instance_id);
        CREATE TABLE IF NOT EXISTS timers (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            instance_id TEXT NOT NULL,
            due INTEGER NOT NULL,
            kind INTEGER NOT NULL,       -- what to put in the inbox when due
            task_id INTEGER NOT NULL,
            name TEXT,
            data TEXT);
        CREATE INDEX IF NOT EXISTS timers_due ON timers (due, id);
        CREATE INDEX IF NOT EXISTS timers_instance ON timers (instance_id);
        """;
}
