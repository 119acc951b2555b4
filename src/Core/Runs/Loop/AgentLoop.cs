using System.Runtime.ExceptionServices;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Models.Failures;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Telemetry;

namespace Yggdrasil.Runs.Loop;

/// <summary>The one loop of every run, durable, inline or batch: model, tools, model, … until it must stop.</summary>
/// <remarks>
/// <code>
///            ┌────────────────────────────────────────────────────────────────────────────┐
///            ▼                                                                            │
///   flags, deadline ──► calls without a result? ──no──► turns, quota? ──► model call ──► [commit answer]
///      │                        │yes                       │no             │no calls asked
///      ▼                        ▼                          ▼               ▼
///   [end] or parked     within the budget? ──no──►   [end: max_…,   [commit answer + end], or, where a schema it must
///                               │yes                                fit is not met the first time, [commit answer + repair],
///                               │                                   or, where it was cut off empty, [commit answer] ──► to the top
///                               ▼
///            gates ──► [commit intents] ──► calls side by side ──► [commit results] ──► back to the top
/// </code>
/// Each [commit] is one transaction of journal entries and the run's row. Whatever stops the loop between two of them, the
/// next driver folds the journal and goes on from the last commit; nothing that was committed is done again.
/// </remarks>
internal sealed class AgentLoop(ModelStep model, AnswerRecord answers, ContextWindow context, ToolStep tools, TimeProvider time)
{
    /// <summary>Drives the run until it has ended, has to wait, or the slice is over.</summary>
    /// <exception cref="LeaseLostException">Somebody else drives the run now.</exception>
    /// <exception cref="OperationCanceledException">The step in flight was given up, unrecorded.</exception>
    public Task<SliceOutcome> AdvanceAsync(IRunJournal journal, Slice slice) =>
        RunSpans.InvokeAgentAsync(journal, () => DriveAsync(journal, slice));

    private async Task<SliceOutcome> DriveAsync(IRunJournal journal, Slice slice)
    {
        while (true)
        {
            if (journal.Run.IsTerminal)
            {
                return SliceOutcome.Finished;
            }

            var now = time.GetUtcNow();
            if (StopBefore(journal, slice, now) is { } reason)
            {
                await EndAsync(journal, reason, slice.Lost);
            }
            else if (journal.Run.SuspendRequested)
            {
                return SliceOutcome.Parked(journal.Run.Deadline);
            }
            else if (slice.IsOver)
            {
                return SliceOutcome.Yielded;
            }
            else if (journal.Transcript.PendingCalls is { Count: > 0 } calls)
            {
                if (await tools.RunAsync(journal, calls, slice) is { } outcome)
                {
                    return outcome;
                }
            }
            else
            {
                await AskModelAsync(journal, slice);
            }
        }
    }

    /// <summary>Ends a run whose deadline has cut off its step.</summary>
    public async Task<SliceOutcome> ExpireAsync(IRunJournal journal, CancellationToken lost)
    {
        await EndAsync(journal, StopReason.Deadline, lost);
        return SliceOutcome.Finished;
    }

    /// <summary>Ends a run that was cancelled during a step; what it said so far is kept.</summary>
    public async Task<SliceOutcome> CancelAsync(IRunJournal journal, CancellationToken lost)
    {
        if (!journal.Run.IsTerminal)
        {
            await EndAsync(journal, StopReason.Cancelled, lost);
        }

        return SliceOutcome.Finished;
    }

    private static StopReason? StopBefore(IRunJournal journal, Slice slice, DateTimeOffset now)
    {
        var run = journal.Run;
        if (run.CancelRequested || slice.IsCancelled)
        {
            return StopReason.Cancelled;
        }

        // A run that is driven while it is enqueued is driven to its end, whatever this clock says of its deadline.
        if (slice.IsExpired || now >= run.Deadline || run.IsEnqueued)
        {
            return StopReason.Deadline;
        }

        // Nobody would see the results of calls that the last turn asked for, so they are not made.
        if (!run.HasTurnLeft)
        {
            return StopReason.MaxTurns;
        }

        return run.Usage.ToolCalls + journal.Transcript.PendingCalls.Count > run.Agent.MaxToolCalls
            ? StopReason.MaxToolCalls
            : null;
    }

    private async Task AskModelAsync(IRunJournal journal, Slice slice)
    {
        await tools.PrepareAsync(journal, slice);
        try
        {
            await journal.ReserveCallAsync(slice.Lost);
            var before = journal.Run.Usage;
            await context.FitAsync(journal, slice);
            if (journal.Run.Usage != before)
            {
                // A summary was a model call too.
                await journal.ReserveCallAsync(slice.Lost);
            }
        }
        catch (QuotaExceededException refusal)
        {
            await EndAsync(journal, StopReason.Quota, slice.Lost, new RunError(refusal.Code, refusal.Message));
            return;
        }

        var asked = await model.AskAsync(journal, slice);
        if (asked.Failure is { } wait && IsToWait(journal, wait))
        {
            if (asked.Entry is not null)
            {
                await answers.RecordPaidAsync(journal, asked, slice);
            }

            ExceptionDispatchInfo.Throw(wait);
        }

        if (asked is { Entry: null, Failure: ProviderException failure })
        {
            var (reason, error) = AnswerRecord.ReasonOf(failure);
            await EndAsync(journal, reason, slice.Lost, error, failure, asked.Refused);
            return;
        }

        await answers.RecordAsync(journal, asked, slice);
    }

    /// <summary>Whether the run is to ask again later, instead of ending by what the call failed with.</summary>
    private bool IsToWait(IRunJournal journal, Exception failure) => failure is ProviderBusyException
        || (journal.CanWait && failure is ProviderException refused && ProviderWait.Until(journal.Run, refused, time.GetUtcNow()) is not null);

    private async Task EndAsync(
        IRunJournal journal, StopReason reason, CancellationToken lost, RunError? error = null, ProviderException? failure = null, JournalEntry? step = null)
    {
        var end = RunEnd.Of(journal.Run, journal.Transcript, reason, time.GetUtcNow(), error);
        await journal.CommitAsync(end.Run with { ProviderFailure = failure }, step is null ? end.Entries : [step, .. end.Entries], lost);
    }
}
