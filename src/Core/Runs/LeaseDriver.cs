using Microsoft.Extensions.Logging;
using Yggdrasil.Conversations;

namespace Yggdrasil.Runs;

/// <summary>Drives runs whose lease this process holds, for one slice, and gives the lease back.</summary>
internal sealed partial class LeaseDriver(
    RunStore store,
    ConversationTurns turns,
    AgentLoop loop,
    RunSignals signals,
    RunOptions options,
    TimeProvider time,
    ILogger<LeaseDriver> logger)
{
    /// <summary>The lease of a run whose start this process has just committed together with it.</summary>
    public RunLease Hold(Run started, IReadOnlyList<JournalEntry> entries) => new(store, started, entries, options, time, logger);

    /// <summary>Drives a run whose lease is held, and gives the lease back unless the run has ended.</summary>
    /// <param name="slice">Disposed of here.</param>
    /// <param name="handOverTo">Where to schedule who goes on; null where the caller itself does.</param>
    public async Task<SliceOutcome> DriveAsync(RunLease lease, Slice slice, IRunScheduler? handOverTo)
    {
        await using (lease)
        {
            var outcome = await LoopOrReleaseAsync(lease, slice);
            if (lease.Run.IsTerminal)
            {
                return SliceOutcome.Ended(lease.Run);
            }

            if (lease.Lost.IsCancellationRequested)
            {
                return outcome;
            }

            if (handOverTo is null)
            {
                var status = StatusAfter(outcome, lease);
                await lease.ReleaseAsync(status, driver: null, lease.Lost);
                return IsOvertaken(outcome, status, lease) ? SliceOutcome.Yielded : outcome;
            }

            // First the new driver, then its name and the release: after a crash between the two the backup is still the
            // driver. The backup itself cannot be woken before it has started, which is why another instance takes over.
            var successor = Ids.Driver(lease.Run.Id, lease.Run.Epoch + 1);
            var ticket = new RunTicket(lease.Run.Caller.Owner.Partition, lease.Run.Id);
            await handOverTo.ScheduleAsync(successor, ticket, startAt: null, lease.Lost);
            await lease.ReleaseAsync(StatusAfter(outcome, lease), successor, lease.Lost);
            await handOverTo.WakeAsync(successor, CancellationToken.None);
            return outcome;
        }
    }

    /// <summary>A slice that throws gives its lease back, so that the next attempt is one and not a wait for the lease's end.</summary>
    private async Task<SliceOutcome> LoopOrReleaseAsync(RunLease lease, Slice slice)
    {
        try
        {
            return await LoopAsync(lease, slice);
        }
        catch (Exception failure) when (failure is not LeaseLostException)
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
            using var deadline = new CancellationTokenSource(TimeUntil(lease.Run.Deadline), time);
            using var onDeadline = deadline.Token.Register(slice.Expire);
            var ticket = new RunTicket(lease.Run.Caller.Owner.Partition, lease.Run.Id);
            await using var watch = new CancelWatch(store, ticket, signals, slice, time, logger);
            try
            {
                if (lease.Run is { ConversationId: { } conversation, History: { } range })
                {
                    lease.Transcript.Precede(await turns.LoadHistoryAsync(lease.Run.Caller.Owner.Partition, conversation, range, slice.Stop));
                }

                return await loop.AdvanceAsync(lease, slice);
            }
            catch (LeaseLostException)
            {
                return SliceOutcome.Parked(time.GetUtcNow() + options.Lease);
            }
            catch (OperationCanceledException) when (lease.Lost.IsCancellationRequested)
            {
                return SliceOutcome.Parked(time.GetUtcNow() + options.Lease);
            }
            catch (OperationCanceledException) when (slice.IsCancelled)
            {
                return await loop.CancelAsync(lease, lease.Lost);
            }
            catch (OperationCanceledException) when (slice.IsExpired)
            {
                // Not asked of the clock again: timers fire up to a millisecond early, and clocks are set back.
                return await loop.ExpireAsync(lease, lease.Lost);
            }
            catch (OperationCanceledException) when (slice.Stop.IsCancellationRequested)
            {
                return SliceOutcome.Yielded;
            }
        }
    }

    private static RunStatus StatusAfter(SliceOutcome outcome, RunLease lease) => outcome.End switch
    {
        SliceEnd.Parked when lease.Run.SuspendRequested => RunStatus.Suspended,
        SliceEnd.Parked when lease.Run.PendingApprovals.Count > 0 => RunStatus.Waiting,
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

    // Timers end at 49 days; a run whose deadline is further off is looked at again long before that.
    private TimeSpan TimeUntil(DateTimeOffset deadline) =>
        TimeSpan.FromTicks(Math.Clamp((deadline - time.GetUtcNow()).Ticks, 0, TimeSpan.FromDays(1).Ticks));

    [LoggerMessage(1012, LogLevel.Warning, "Run {RunId}: the lease of epoch {Epoch} could not be given back ({ExceptionType})")]
    private partial void LogNotReleased(string runId, int epoch, string exceptionType);
}
