using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Driving;

/// <summary>
/// Runs that the request which started them also drives (<c>Prefer: wait</c>, or a stream of its events): no queue hop lies between the request and
/// the model, and an orchestration is scheduled only for a run that goes on without it.
/// </summary>
/// <remarks>
/// A request that has to answer before its run has ended does not give up a model call that is paid for: the slice
/// finishes its step, hands the run to an orchestration and gives the lease back. The host waits for such slices when it
/// shuts down. If the process dies instead, its message comes up when the lease has ended (see <see cref="RunBackups"/>).
/// </remarks>
internal sealed partial class RequestDrivenRuns(
    LeaseDriver leases,
    RunBackups backups,
    RunEndings endings,
    RunStore store,
    ActivitySlots activities,
    RunOptions options,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<RequestDrivenRuns> logger)
    : IHostedService
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<string, Task> _slices = new();

    /// <summary>Drives a run whose start transaction took its lease, and answers it as it is at its end or after <paramref name="wait"/>.</summary>
    /// <param name="wait">Null to answer at once: nobody waits, and the run is driven on whatever becomes of the request.</param>
    /// <param name="backup">Taken back when the run has ended, or has another driver.</param>
    public async Task<Run> DriveAsync(
        Run started, IReadOnlyList<JournalEntry> entries, BackupReceipt backup, TimeSpan? wait, CancellationToken requestAborted)
    {
        // Its caller may be answered before the run has ended; what is paid for by then is still to be stored.
        StoragePatience.Lift();
        var lease = leases.Hold(started, entries);
        var slice = new Slice(options.Slice, time, lifetime.ApplicationStopping, lease.Lost);
        var waited = time.GetTimestamp();
        var driving = DriveToEndAsync(lease, slice, backup);
        _slices[started.Id] = driving;
        if (driving.IsCompleted)
        {
            // It ended before it could be listed, so nobody else will take it off.
            _slices.TryRemove(started.Id, out _);
        }

        if (wait is not { } patience)
        {
            return started;
        }

        try
        {
            await driving.WaitAsync(patience, time, requestAborted);
        }
        catch (TimeoutException)
        {
            slice.Yield();
            return lease.Run;
        }
        catch (OperationCanceledException) when (requestAborted.IsCancellationRequested)
        {
            slice.Yield();
            throw;
        }

        return lease.Run.IsTerminal ? lease.Run : await WaitAsync(lease.Run, patience - time.GetElapsedTime(waited), requestAborted);
    }

    /// <summary>The run at its end, or as it is after <paramref name="wait"/>.</summary>
    public async Task<Run> WaitAsync(Run run, TimeSpan wait, CancellationToken requestAborted)
    {
        var waited = time.GetTimestamp();
        var pause = ShortestPause;
        while (!run.IsTerminal && time.GetElapsedTime(waited) < wait)
        {
            await Task.Delay(pause, time, requestAborted);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            run = await store.FindAsync(run.Caller.Owner.Partition, run.Id, requestAborted) ?? run;
        }

        return run;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <remarks>
    /// Slices were told to stop when the host began to: a server that stops before this one waits for the very requests
    /// that wait for them.
    /// </remarks>
    public async Task StopAsync(CancellationToken cancellationToken) =>
        await Task.WhenAll(_slices.Values).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task DriveToEndAsync(RunLease lease, Slice slice, BackupReceipt backup)
    {
        var runId = lease.Run.Id;
        var reference = new RunReference(lease.Run.Caller.Owner.Partition, runId);
        try
        {
            await using var counted = activities.CountRequest(reference.Partition);
            var outcome = await leases.DriveAsync(lease, slice, handsOver: true);
            await endings.AnnounceAsync(reference, outcome, CancellationToken.None);
            if (lease.Run.IsTerminal || !RunBackups.IsOf(lease.Run))
            {
                backups.TakeBack(backup);
            }
        }
        catch (Exception failure)
        {
            // The run is not lost: its message comes up once the lease has ended, and an orchestration reports what it meets.
            LogSliceFailed(runId, failure.GetType().FullName);
        }
        finally
        {
            _slices.TryRemove(runId, out _);
        }
    }

    [LoggerMessage(1020, LogLevel.Warning, "Run {RunId}: its request could not drive it on ({ExceptionType}); an orchestration will")]
    private partial void LogSliceFailed(string runId, string? exceptionType);
}
