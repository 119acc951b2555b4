using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.LocalHost.Engine;
using Yggdrasil.LocalHost.Engine.Storage;

namespace Yggdrasil.LocalHost.Tests.Engine;

/// <summary>An engine over its own database file, which outlives a restart.</summary>
internal sealed class EngineHarness(TimeProvider? time = null) : IAsyncDisposable
{
    /// <summary>How long a test waits for what must come; only a failing test waits that long.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("engine-");
    private readonly Channel<bool> _commits = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private OrchestrationEngine? _engine;

    public ScriptedCode Code { get; set; } = new();

    public ChaosOptions Chaos { get; init; } = new();

    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    public int MaxConcurrentActivities { get; init; } = 100;

    public Action<WritePoint>? WriteProbe { get; set; }

    public OrchestrationEngine Engine => _engine ?? throw new InvalidOperationException("Not started.");

    public DurableTaskClient Client => Engine.Client;

    private string DatabasePath => Path.Combine(_folder.FullName, "engine.db");

    public async Task<EngineHarness> StartAsync()
    {
        _engine = new OrchestrationEngine(
            new OrchestrationEngineOptions
            {
                DatabasePath = DatabasePath,
                MaxConcurrentActivities = MaxConcurrentActivities,
                ShutdownTimeout = TimeSpan.FromSeconds(1),
                Chaos = Chaos,
                WriteProbe = point =>
                {
                    WriteProbe?.Invoke(point);
                    _commits.Writer.TryWrite(true);
                },
            },
            Code,
            time ?? TimeProvider.System,
            new Logger<OrchestrationEngine>(Loggers),
            Loggers);
        await _engine.StartAsync(CancellationToken.None);
        return this;
    }

    public async Task StopAsync() => await Engine.DisposeAsync();

    public async Task<string> ScheduleAsync(string orchestrator, object? input = null, string? id = null)
        => await Client.ScheduleNewOrchestrationInstanceAsync(
            orchestrator, input, new StartOrchestrationOptions(id), CancellationToken.None);

    /// <summary>Starts an instance and waits for its end.</summary>
    public async Task<OrchestrationMetadata> RunAsync(string orchestrator, object? input = null)
        => await EndAsync(await ScheduleAsync(orchestrator, input));

    public Task<OrchestrationMetadata> EndAsync(string id) => UntilAsync(id, instance => instance.IsCompleted);

    /// <summary>Waits for a state of an instance, looking again after each commit of the engine.</summary>
    public async Task<OrchestrationMetadata> UntilAsync(string id, Func<OrchestrationMetadata, bool> reached)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var instance = await Client.GetInstanceAsync(id, getInputsAndOutputs: true);
            if (instance is not null && reached(instance))
            {
                return instance;
            }

            await _commits.Reader.ReadAsync(patience.Token);
        }
    }

    /// <summary>Reads the database of a stopped engine: the first column of every row.</summary>
    public List<string> Query(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constant statements of tests.
        command.CommandText = sql;
#pragma warning restore CA2100
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null)
        {
            await _engine.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }
}
