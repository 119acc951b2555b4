using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Users;

namespace Yggdrasil.Runs.Driving;

/// <summary>Drives runs whose lease this process holds, for one slice, and gives the lease back.</summary>
internal sealed partial class LeaseDriver(
    RunStore store,
    ConversationQueue conversationQueue,
    AgentLoop loop,
    RunSignals signals,
    DisabledUsers disabled,
    RunOptions options,
    IRunScheduler scheduler,
    TimeProvider time,
    ILogger<LeaseDriver> logger)
{
    /// <summary>The lease of a run whose start this process has just committed together with it.</summary>
    public RunLease Hold(Run started, IReadOnlyList<JournalEntry> entries) => new(store, started, entries, options, time, logger);

    /// <summary>Drives a run whose lease is held, and gives the lease back unless the run has ended.</summary>
    /// <param name="slice">Disposed of here.</param>
    /// <param name="handsOver">Whether an orchestration is scheduled that goes on; false where the caller itself does.</param>
    public async Task<SliceOutcome> DriveAsync(RunLease lease, Slice slice, bool handsOver)
    {
        await using (lease)
        {
            try
            {
                var outcome = await LoopOrReleaseAsync(lease, slice);
                return lease.Run.IsTerminal ? SliceOutcome.Ended(lease.Run)
                    : lease.Lost.IsCancellationRequested ? outcome
                    : handsOver ? await HandOverAsync(lease, outcome)
                    : await ReleaseAsync(lease, outcome);
            }
            catch (Exception failure) when (MeansLost(failure, lease))
            {
                // Whatever it was about to write, an end included: somebody else drives the run, or it is gone.
                LogLeaseLost(lease.Run.Id, lease.Run.Epoch);
                return SliceOutcome.Parked(time.GetUtcNow() + options.Lease);
            }
        }
    }

    private static async Task<SliceOutcome> ReleaseAsync(RunLease lease, SliceOutcome outcome)
    {
        var status = StatusAfter(outcome, lease);
        await lease.ReleaseAsync(status, driver: null, lease.Lost);
        return IsOvertaken(outcome, status, lease) ? SliceOutcome.Yielded : outcome;
    }

    /// <remarks>
    /// First the new driver, then its name and the release: after a crash between the two the backup's message is still there, and
    /// schedules an instance of the name that the run has.
    /// </remarks>
    private async Task<SliceOutcome> HandOverAsync(RunLease lease, SliceOutcome outcome)
    {
        var successor = Ids.Driver(lease.Run.Id, lease.Run.Epoch + 1);
        var reference = new RunReference(lease.Run.Caller.Owner.Partition, lease.Run.Id);
        await scheduler.ScheduleAsync(successor, reference, lease.Lost);
        await lease.ReleaseAsync(StatusAfter(outcome, lease), successor, lease.Lost);
        await scheduler.WakeAsync(successor, CancellationToken.None);
        return outcome;
    }

    /// <summary>A slice that throws gives its lease back, so that the next attempt is one and not a wait for the lease's end.</summary>
    private async Task<SliceOutcome> LoopOrReleaseAsync(RunLease lease, Slice slice)
    {
        try
        {
            return await LoopAsync(lease, slice);
        }
        catch (Exception failure) when (!MeansLost(failure, lease))
        {
            try
            {
                await lease.ReleaseAsync(RunStatus.Running, driver: null, lease.Lost);
            }
            catch (Exception second)
            {
                // Storage may be what failed in the first place; then the lease ends by itself.
                LogNotReleased(lease.Run.Id, lease.Run.Epoch, second.GetType().Name);
            }

            throw;
        }
    }

    private async Task<SliceOutcome> LoopAsync(RunLease lease, Slice slice)
    {
        using (slice)
        {
            using var deadline = new CancellationTokenSource(lease.Run.TimeUntilDeadline(time.GetUtcNow()), time);
            using var onDeadline = deadline.Token.Register(slice.Expire);
            var reference = new RunReference(lease.Run.Caller.Owner.Partition, lease.Run.Id);
            await using var watch = new CancelWatch(store, disabled, reference, signals, slice, time, logger);
            try
            {
                if (lease.Run is { ConversationId: { } conversation, History: { } range })
                {
                    lease.Transcript.Precede(await conversationQueue.LoadHistoryAsync(lease.Run.Caller.Owner.Partition, conversation, range, slice.Stop));
                }

                var caller = ModelCaller.Current ?? new ModelCaller(reference.Partition);
                return await ModelCaller.AsAsync(caller, () => loop.AdvanceAsync(lease, slice));
            }
            catch (ProviderBusyException busy)
            {
                return SliceOutcome.Crowded(Earlier(time.GetUtcNow() + busy.Recheck, lease.Run.Deadline));
            }
            catch (ProviderException failure) when (ProviderWait.Until(lease.Run, failure, time.GetUtcNow()) is { } until)
            {
                // Written with the release, so that whoever looks before that does not ask again.
                LogWaits(lease.Run.Id, failure.Code, until);
                lease.NotBefore = until;
                return SliceOutcome.Crowded(until);
            }
            catch (OperationCanceledException failure) when (slice.IsCancelled && !MeansLost(failure, lease))
            {
                return await loop.CancelAsync(lease, lease.Lost);
            }
            catch (OperationCanceledException failure) when (slice.IsExpired && !MeansLost(failure, lease))
            {
                // Not asked of the clock again: timers fire up to a millisecond early, and clocks are set back.
                return await loop.ExpireAsync(lease, lease.Lost);
            }
            catch (OperationCanceledException failure) when (slice.Stop.IsCancellationRequested && !MeansLost(failure, lease))
            {
                return SliceOutcome.Yielded;
            }
        }
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    /// <summary>Whether it is the lease that failed, and nothing of the run.</summary>
    private static bool MeansLost(Exception failure, RunLease lease) =>
        failure is LeaseLostException || (failure is OperationCanceledException && lease.Lost.IsCancellationRequested);

    private static RunStatus StatusAfter(SliceOutcome outcome, RunLease lease) => outcome.End switch
    {
        SliceEnd.Parked when lease.Run.SuspendRequested => RunStatus.Suspended,
        SliceEnd.Parked when lease.Run.Awaited.Count > 0 => RunStatus.Waiting,
        SliceEnd.Parked when lease.Transcript.PendingCalls.Any(call => call.Intent?.ChildRun is not null) => RunStatus.Waiting,
        _ => RunStatus.Running,
    };

    /// <summary>
    /// Whether somebody cancelled, resumed or decided while the slice was about to park: then the run is looked at again
    /// at once, whether or not the wake-up arrives.
    /// </summary>
    private static bool IsOvertaken(SliceOutcome outcome, RunStatus status, RunLease lease)
    {
        var run = lease.Run;
        return outcome.End == SliceEnd.Parked
            && (run.CancelRequested || (status == RunStatus.Suspended) != run.SuspendRequested || run.DecisionCount > lease.DecisionsSeen);
    }

    [LoggerMessage(1014, LogLevel.Warning, "Run {RunId}: the lease of epoch {Epoch} was lost, and with it the step in flight: whoever drives the run next repeats it")]
    private partial void LogLeaseLost(string runId, int epoch);

    [LoggerMessage(1013, LogLevel.Information, "Run {RunId}: its models want to be left alone ({Code}); it goes on at {Until}")]
    private partial void LogWaits(string runId, string code, DateTimeOffset until);

    [LoggerMessage(1012, LogLevel.Warning, "Run {RunId}: the lease of epoch {Epoch} could not be given back ({ExceptionType})")]
    private partial void LogNotReleased(string runId, int epoch, string exceptionType);
}
