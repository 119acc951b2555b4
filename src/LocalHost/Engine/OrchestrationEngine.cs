using System.Diagnostics;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.LocalHost.Engine.Replay;
using Yggdrasil.LocalHost.Engine.Storage;

namespace Yggdrasil.LocalHost.Engine;

/// <summary>
/// An orchestration engine in one process and one SQLite file, for laptops and CI.
/// <code>
///  client                   one transaction each                          orchestrator code
///
///  start ───────► [ instance, owed a step ] ─── signal ──► step 1: replay ─► CallActivity("A")
///                                                             │               (returns, awaiting #0)
///                 [ history: started, A scheduled #0          │
///                   work: A #0                        ] ◄── commit
///                          │
///                          ├─► run A on the pool (again, after a crash)
///                          ▼
///                 [ work: A #0 removed
///                   inbox: A #0 completed             ] ─── signal ──► step 2: replay all ─► WhenAny(event, timer)
///                                                             │
///                 [ history: + A completed, timer #1          │
///                   inbox: consumed; timers: #1       ] ◄── commit
///
///  raise ───────► [ inbox: event raised               ] ─── signal ──► step 3: replay all ─► cancels #1, returns
///                                                             │
///                 [ instance: completed, output               │
///                   timers: #1 removed                ] ◄── commit
/// </code>
/// Whatever is in square brackets is committed as a whole or not at all, and everything after a commit can be derived from
/// what was committed. So at start-up the engine runs what <c>work</c> holds, steps every instance that is owed a step or
/// has messages, and sleeps until the next timer: nothing is lost, and no finished activity is recorded twice.
/// </summary>
internal sealed partial class OrchestrationEngine : IHostedService, IAsyncDisposable
{
    /// <summary>What a full disk is asked for before it counts as one with room.</summary>
    private const int RoomProbe = 64 * 1024;

    /// <summary>Between two attempts at what a full disk refused.</summary>
    internal static readonly TimeSpan NoRoomPause = TimeSpan.FromSeconds(1);

    private readonly OrchestrationEngineOptions _options;
    private readonly IOrchestrationCode _code;
    private readonly TimeProvider _time;
    private readonly ILogger<OrchestrationEngine> _logger;
    private readonly ILoggerFactory _loggers;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Parts? _parts;
    private Exception? _fault;
    private volatile Phase _phase;

    public OrchestrationEngine(
        OrchestrationEngineOptions options,
        IOrchestrationCode code,
        TimeProvider time,
        ILogger<OrchestrationEngine> logger,
        ILoggerFactory? loggers = null)
    {
        _options = options;
        _code = code;
        _time = time;
        _logger = logger;
        _loggers = loggers ?? NullLoggerFactory.Instance;
        Client = new EngineClient(this, time, new EventChaos(options.Chaos, logger));
    }

    /// <summary>Usable between start and stop; throws <see cref="InvalidOperationException"/> otherwise.</summary>
    public DurableTaskClient Client { get; }

    /// <summary>Why it cannot serve; null when it can.</summary>
    internal string? Problem
    {
        get
        {
            if (_phase != Phase.Running || _fault is not null || _parts is not { } parts)
            {
                return "the orchestration engine does not run";
            }

            try
            {
                if (parts.Database.HasNoRoom)
                {
                    parts.Database.ProbeRoom(RoomProbe);
                }

                return null;
            }
            catch (NoRoomException)
            {
                return "the disk of the orchestrations' database is full";
            }
        }
    }

    /// <summary>For tests of a full disk.</summary>
    internal EngineDatabase Database => Running.Database;

    internal InstanceStore Instances => Running.Instances;

    // Until the database is closed: what drains at shutdown may still raise and start; the next start goes on with it.
    private Parts Running => _parts is { } parts && _phase != Phase.Stopped && _fault is null
        ? parts
        : throw new InvalidOperationException("The orchestration engine is not running.", _fault);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var database = EngineDatabase.Open(_options.DatabasePath, _options.WriteProbe);
        var steps = new StepStore(database);
        var parts = new Parts(
            database,
            new InstanceStore(database),
            steps,
            new StepQueue(RunStep),
            new ActivityDispatcher(_options, _code, steps, _time, Signal, Fault, _logger),
            new TimerQueue(new TimerStore(database), _time, Signal, Fault, WaitForRoom));
        _parts = parts;
        var unfinished = steps.UnfinishedWork();
        var ready = steps.ReadyInstances();
        foreach (var work in unfinished)
        {
            parts.Activities.Enqueue(work);
        }

        foreach (var instanceId in ready)
        {
            parts.Queue.Signal(instanceId);
        }

        parts.Activities.Start();
        parts.Queue.Start();
        parts.Timers.Start();
        LogStarted(_logger, ready.Count, unfinished.Count);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Takes no more work, cancels the running activities' token and waits for them, for the options' shutdown timeout.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_parts is not { } parts || !BeginStop())
        {
            return;
        }

        parts.Queue.Close();
        await parts.Activities.CancelAsync();
        await parts.Queue.Completion;
        await parts.Timers.DisposeAsync();
        await parts.Activities.WaitAsync(cancellationToken);
        _phase = Phase.Stopped;
        parts.Activities.Dispose();
        parts.Database.Dispose();
        LogStopped(_logger);
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    private bool BeginStop()
    {
        lock (_gate)
        {
            if (_phase != Phase.Running)
            {
                return false;
            }

            _phase = Phase.Stopping;
            _stopping.TrySetResult();
            return true;
        }
    }

    internal void Signal(string instanceId) => _parts?.Queue.Signal(instanceId);

    internal void Arm(DateTime due) => _parts?.Timers.Arm(due);

    private void RunStep(string instanceId)
    {
        while (_parts is { } parts && _phase == Phase.Running && _fault is null)
        {
            try
            {
                if (parts.Steps.Load(instanceId) is { } loaded)
                {
                    MakeStep(parts, loaded);
                }

                return;
            }
            catch (NoRoomException full)
            {
                // Nothing of the step is stored: it is made again, from the same history.
                WaitForRoom(full);
            }
            catch (Exception e)
            {
                Fault(e);
                return;
            }
        }
    }

    /// <summary>Waits a little, or until the engine stops. A full disk stops all that writes, so there is nobody to make way for.</summary>
    /// <returns>Whether to try again.</returns>
    private bool WaitForRoom(NoRoomException full)
    {
        LogNoRoom(_logger, full.ErrorCode);
        return !_stopping.Task.Wait(NoRoomPause);
    }

    private void MakeStep(Parts parts, LoadedStep loaded)
    {
        var id = loaded.Instance.Id;
        var began = Stopwatch.GetTimestamp();
        var now = _time.GetUtcNow().UtcDateTime;
        var step = OrchestrationReplay.Run(_code, loaded, now, _loggers, () => ReportIllegalAwait(id));
        foreach (var work in parts.Steps.Commit(step))
        {
            parts.Activities.Enqueue(work);
        }

        foreach (var timer in step.Timers)
        {
            parts.Timers.Arm(timer.Due);
        }

        switch (step.Ending)
        {
            case Ending.Again:
                Signal(id);
                break;
            case Ending.Terminal { Failure: { } failure }:
                LogFailed(_logger, loaded.Instance.Name, id, failure.ErrorType);
                break;
        }

        LogStep(_logger, loaded.Instance.Name, id, loaded.History.Count, Stopwatch.GetElapsedTime(began).TotalMilliseconds);
    }

    // Too late for the step that is over: the next one will fail the instance.
    private void ReportIllegalAwait(string instanceId)
    {
        try
        {
            if (Instances.Raise(instanceId, new HistoryEvent(HistoryKind.IllegalAwait)))
            {
                Signal(instanceId);
            }
        }
        catch (InvalidOperationException)
        {
            // Stopped meanwhile: after the next start the same await is caught again.
            LogLateAwait(_logger, instanceId);
        }
    }

    // Without its database the engine can promise nothing: it stops where it is, as if the process had died there, and
    // says so to whoever calls it.
    private void Fault(Exception e)
    {
        if (_phase != Phase.Stopped && Interlocked.CompareExchange(ref _fault, e, null) is null)
        {
            _parts?.Queue.Close();
            _parts?.Activities.Close();
            LogFault(_logger, e);
        }
    }

    private enum Phase
    {
        Running,
        Stopping,
        Stopped,
    }

    private sealed record Parts(
        EngineDatabase Database,
        InstanceStore Instances,
        StepStore Steps,
        StepQueue Queue,
        ActivityDispatcher Activities,
        TimerQueue Timers);

    [LoggerMessage(7000, LogLevel.Information, "Orchestration engine started; {Instances} instances and {Activities} activities go on")]
    private static partial void LogStarted(ILogger logger, int instances, int activities);

    [LoggerMessage(7001, LogLevel.Information, "Orchestration engine stopped")]
    private static partial void LogStopped(ILogger logger);

    [LoggerMessage(7002, LogLevel.Critical, "Orchestration engine lost its database and stopped; restart the host")]
    private static partial void LogFault(ILogger logger, Exception exception);

    [LoggerMessage(7003, LogLevel.Debug, "{Orchestrator} {InstanceId} made a step over {Events} events in {Milliseconds} ms")]
    private static partial void LogStep(ILogger logger, string orchestrator, string instanceId, int events, double milliseconds);

    [LoggerMessage(7004, LogLevel.Error, "{Orchestrator} {InstanceId} failed: {ErrorType}")]
    private static partial void LogFailed(ILogger logger, string orchestrator, string instanceId, string errorType);

    [LoggerMessage(7005, LogLevel.Error, "{InstanceId} awaited something that is not durable")]
    private static partial void LogLateAwait(ILogger logger, string instanceId);

    [LoggerMessage(7006, LogLevel.Warning, "The orchestrations' database cannot be written (SQLite {ErrorCode}): the engine waits until there is room")]
    private static partial void LogNoRoom(ILogger logger, int errorCode);
}
