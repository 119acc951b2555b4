using System.Text.Json;
using System.Threading.Channels;
using Microsoft.DurableTask;
using Yggdrasil.LocalHost.Engine.Storage;

namespace Yggdrasil.LocalHost.Engine;

/// <summary>
/// Runs activities on the thread pool, so many at a time. A result is committed in place of its call; a call without a
/// result runs again after the next start: at least once, recorded once.
/// </summary>
internal sealed partial class ActivityDispatcher(
    OrchestrationEngineOptions options,
    IOrchestrationCode code,
    StepStore store,
    TimeProvider time,
    Action<string> signal,
    Action<Exception> fault,
    ILogger logger) : IDisposable
{
    private readonly Channel<WorkItem> _queue = Channel.CreateUnbounded<WorkItem>();
    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;

    public void Start() => _loop = Parallel.ForEachAsync(
        _queue.Reader.ReadAllAsync(),
        new ParallelOptions { MaxDegreeOfParallelism = options.MaxConcurrentActivities },
        async (work, _) => await DeliverAsync(work));

    public void Enqueue(WorkItem work) => _queue.Writer.TryWrite(work);

    /// <summary>Takes no more activities.</summary>
    public void Close() => _queue.Writer.TryComplete();

    /// <summary>Starts no more activities and cancels the running ones.</summary>
    public async Task CancelAsync()
    {
        Close();
        await _stopping.CancelAsync();
    }

    /// <summary>Waits for the running activities, but no longer than the options allow.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _loop.WaitAsync(options.ShutdownTimeout, time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            LogStillRunning(logger, options.ShutdownTimeout);
        }
    }

    public void Dispose() => _stopping.Dispose();

    private async Task DeliverAsync(WorkItem work)
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        if (options.Chaos.DeliverActivityTwice)
        {
            await Task.WhenAll(Task.Run(() => RunAsync(work)), Task.Run(() => RunAsync(work)));
        }
        else
        {
            await RunAsync(work);
        }
    }

    private async Task RunAsync(WorkItem work)
    {
        if (await ResultAsync(work) is not { } result)
        {
            return;
        }

        try
        {
            while (!TryRecord(work, result))
            {
                // The result waits in memory for room on the disk. A stop forgets it, and the activity runs again.
                await Task.Delay(OrchestrationEngine.NoRoomPause, time, _stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            LogCutShort(logger, work.Name, work.TaskId, work.InstanceId);
        }
        catch (Exception e)
        {
            fault(e);
        }
    }

    /// <returns>Whether it is stored, or was before; not where the disk is full.</returns>
    private bool TryRecord(WorkItem work, HistoryEvent result)
    {
        try
        {
            if (store.CompleteActivity(work, result))
            {
                signal(work.InstanceId);
            }
            else
            {
                LogDropped(logger, work.Name, work.TaskId, work.InstanceId);
            }

            return true;
        }
        catch (NoRoomException)
        {
            return false;
        }
    }

    /// <returns>Null when the stop cut the activity short: it will run again.</returns>
    private async Task<HistoryEvent?> ResultAsync(WorkItem work)
    {
        try
        {
            var output = await code.RunActivityAsync(work.Name, work.InstanceId, work.Input, _stopping.Token);
            return new HistoryEvent(HistoryKind.ActivityCompleted, work.TaskId, work.Name, output);
        }
        catch (Exception e)
        {
            if (_stopping.IsCancellationRequested)
            {
                LogCutShort(logger, work.Name, work.TaskId, work.InstanceId);
                return null;
            }

            LogFailed(logger, work.Name, work.TaskId, work.InstanceId, e.GetType().Name);
            var details = JsonSerializer.Serialize(TaskFailureDetails.FromException(e));
            return new HistoryEvent(HistoryKind.ActivityFailed, work.TaskId, work.Name, details);
        }
    }

    [LoggerMessage(7010, LogLevel.Warning, "Activity {Activity} #{TaskId} of {InstanceId} failed: {ErrorType}")]
    private static partial void LogFailed(ILogger logger, string activity, int taskId, string instanceId, string errorType);

    [LoggerMessage(7011, LogLevel.Information, "Activity {Activity} #{TaskId} of {InstanceId} was cut short; it will run again")]
    private static partial void LogCutShort(ILogger logger, string activity, int taskId, string instanceId);

    [LoggerMessage(7012, LogLevel.Debug, "A second result of activity {Activity} #{TaskId} of {InstanceId} was dropped")]
    private static partial void LogDropped(ILogger logger, string activity, int taskId, string instanceId);

    [LoggerMessage(7013, LogLevel.Warning, "Activities still run after {Timeout}; they will run again after the next start")]
    private static partial void LogStillRunning(ILogger logger, TimeSpan timeout);
}
