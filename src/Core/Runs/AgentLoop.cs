using Yggdrasil.Conversations;
using Yggdrasil.Problems;
using Yggdrasil.Providers;
using Yggdrasil.Schemas;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Runs;

/// <summary>The one loop of every run, durable, inline or batch: model, tools, model, … until it must stop.</summary>
/// <remarks>
/// <code>
///            ┌────────────────────────────────────────────────────────────────────────────┐
///            ▼                                                                            │
///   flags, deadline ──► calls without a result? ──no──► turns, quota? ──► model call ──► [commit answer]
///      │                        │yes                       │no             │no calls asked
///      ▼                        ▼                          ▼               ▼
///   [end] or parked     within the budget? ──no──►   [end: max_…,   [commit answer + end], or, where a schema
///                               │yes                                it must fit is not met the first time,
///                               │                                   [commit answer + repair] ──► to the top
///                               ▼
///            gates ──► [commit intents] ──► calls side by side ──► [commit results] ──► back to the top
/// </code>
/// Each [commit] is one transaction of journal entries and the run's row. Whatever stops the loop between two of them, the
/// next driver folds the journal and goes on from the last commit; nothing that was committed is done again.
/// </remarks>
internal sealed class AgentLoop(ModelStep model, ContextWindow context, ToolStep tools, TimeProvider time)
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

        // A run that is driven before its turn is driven to its end, whatever this clock says of its deadline.
        if (slice.IsExpired || now >= run.Deadline || run.AwaitsTurn)
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
        JournalEntry answer;
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

            answer = await model.AskAsync(journal, slice);
        }
        catch (QuotaExceededException refusal)
        {
            await EndAsync(journal, StopReason.Quota, slice.Lost, new RunError(refusal.Code, refusal.Message));
            return;
        }
        catch (ProviderException failure) when (!journal.CanWait || ProviderWait.Until(journal.Run, failure, time.GetUtcNow()) is null)
        {
            var reason = failure.Code == ProviderException.ContentFilter ? StopReason.ContentFilter : StopReason.ProviderError;
            await EndAsync(journal, reason, slice.Lost, new RunError(failure.Code, failure.Message), failure);
            return;
        }

        await RecordAsync(journal, answer, slice);
    }

    private async Task RecordAsync(IRunJournal journal, JournalEntry answer, Slice slice)
    {
        var (run, lost) = (journal.Run, slice.Lost);
        var next = run with
        {
            Turns = answer.Turn,
            Usage = run.Usage.AddModelCall(answer),
            ServedBy = [.. run.ServedBy.Where(model => model != answer.ServedBy), answer.ServedBy!],
        };
        if (answer.ToolCalls().Any())
        {
            await journal.CommitAsync(next, [answer], lost);
            return;
        }

        var now = time.GetUtcNow();
        if (answer.Status == StepStatus.Failed)
        {
            // With what it cost: who is stopped by filters all the time does not use models for nothing.
            var error = new RunError(ProviderException.ContentFilter, "The provider's content filter stopped the answer.");
            await journal.CommitAsync(next.End(StopReason.ContentFilter, journal.Transcript.LastText, now, error), [answer], lost);
            return;
        }

        if (answer.Status == StepStatus.Cancelled)
        {
            // What it had said by then; nothing asks that to fit a schema.
            var reason = slice.IsCancelled ? StopReason.Cancelled : StopReason.Deadline;
            await journal.CommitAsync(next.End(reason, answer.Text(), now), [answer], lost);
            return;
        }

        var errors = run.Agent.ResponseSchema is { } schema ? StructuredAnswer.Validate(schema, answer.Text()) : [];
        if (errors.Count > 0 && next.HasTurnLeft && !journal.Transcript.HasRepair)
        {
            // Together, so that a driver that comes after a crash neither asks for the repair twice nor forgets it.
            await journal.CommitAsync(next, [answer, AnswerRepair.Request(answer, errors, now)], lost);
            return;
        }

        var ended = errors.Count == 0
            ? next.End(StopReason.Completed, answer.Text(), now)
            : next.End(StopReason.ProviderError, answer.Text(), now, RunError.InvalidOutput(errors));
        await journal.CommitAsync(ended, [answer], lost);
    }

    private async Task EndAsync(
        IRunJournal journal, StopReason reason, CancellationToken lost, RunError? error = null, ProviderException? failure = null)
    {
        var now = time.GetUtcNow();
        var begun = reason == StopReason.Cancelled ? AbandonedCalls.In(journal.Transcript, now) : [];
        var run = journal.Run with { Usage = journal.Run.Usage with { ToolCalls = journal.Run.Usage.ToolCalls + begun.Count } };
        var ended = run.End(reason, journal.Transcript.LastText, now, error) with { ProviderFailure = failure };
        await journal.CommitAsync(ended, begun, lost);
    }
}
