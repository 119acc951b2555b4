using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Schemas;
using Yggdrasil.Models;
using Yggdrasil.Models.Failures;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Loop;

/// <summary>Records what a model call came to, and what follows from it: the next turn, a repair, or the run's end.</summary>
/// <remarks>
/// An answer was paid when it came. So it is recorded whatever it says: what cannot be recorded is a step that failed, with what it
/// cost, and never a call to make again.
/// </remarks>
internal sealed partial class AnswerRecord(TimeProvider time, ILogger<AnswerRecord> logger)
{
    /// <summary>Between attempts to record an answer while storage does not take it; doubled each time.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <exception cref="LeaseLostException">Somebody else drives the run now.</exception>
    /// <exception cref="OperationCanceledException">The lease was lost, or whoever waits for an inline run has gone.</exception>
    public async Task RecordAsync(IRunJournal journal, ModelOutcome asked, Slice slice)
    {
        var answer = asked.Entry!;
        if (answer.Status == StepStatus.Cancelled && !slice.IsCancelled && !slice.IsExpired)
        {
            // The instance stops, or the caller has gone. Whoever goes on asks again.
            await RecordPaidAsync(journal, asked, slice);
        }
        else
        {
            var next = journal.Run with
            {
                Usage = journal.Run.Usage.AddModelCall(answer),
                Turns = answer.Turn,
                FinishReason = answer.FinishReason,
                ServedBy = HasAnswered(answer, asked) ? AddTo(journal.Run.ServedBy, answer.ServedBy!) : journal.Run.ServedBy,
            };
            await RecordTurnAsync(journal, next, asked, slice);
        }

        if (!journal.Run.IsTerminal)
        {
            slice.Lost.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Records what a call cost that is made again: it takes no turn of the run's.</summary>
    public Task RecordPaidAsync(IRunJournal journal, ModelOutcome asked, Slice slice) => CommitAsync(
        journal, journal.Run with { Usage = journal.Run.Usage.AddModelCall(asked.Entry!) }, [asked.Entry!], slice);

    /// <summary>How a run ends whose model could not be asked.</summary>
    public static (StopReason Reason, RunError Error) ReasonOf(ProviderException failure) => (
        failure.Code == ProviderException.ContentFilter ? StopReason.ContentFilter : StopReason.ProviderError,
        new RunError(failure.Code, failure.Message));

    private Task RecordTurnAsync(IRunJournal journal, Run next, ModelOutcome asked, Slice slice)
    {
        var answer = asked.Entry!;
        return (asked.Failure, answer.Status, answer.FinishReason) switch
        {
            ({ } failure, _, _) => FailAsync(journal, next, answer, failure, slice),
            (_, StepStatus.Cancelled, _) => EndAsync(journal, next, answer, slice.IsCancelled ? StopReason.Cancelled : StopReason.Deadline, slice),
            (_, _, FinishReason.ContentFilter) => EndAsync(
                journal, next, answer, StopReason.ContentFilter, slice,
                new RunError(ProviderException.ContentFilter, "The provider's content filter stopped the answer.")),
            (_, _, FinishReason.Refusal) => EndAsync(journal, next, answer, StopReason.Refused, slice, RunError.Refused),
            (_, _, FinishReason.Error) => EndAsync(
                journal, next, answer, StopReason.ProviderError, slice,
                new RunError(ProviderException.Unavailable, "The provider ended its answer with an error.")),
            (_, _, FinishReason.Length) => CutOffAsync(journal, next, asked, slice),
            (_, _, FinishReason.Stop) when answer.Messages.Count == 0 => EmptyAsync(journal, next, answer, RunError.EmptyAnswer, slice),
            _ when answer.ToolCalls().Any() => CommitAsync(journal, next, [answer], slice),
            _ => FinishAsync(journal, next, answer, slice),
        };
    }

    /// <summary>An answer that is not whole ends the run with what there is of it; where there is nothing, the model is asked once more.</summary>
    private Task CutOffAsync(IRunJournal journal, Run next, ModelOutcome asked, Slice slice)
    {
        var answer = asked.Entry!;
        return answer.Messages.Count == 0 ? EmptyAsync(journal, next, answer, RunError.NothingSaid, slice)
            : next.HasTurnLeft && asked.IsPaused ? CommitAsync(journal, next, [answer], slice)
            : EndAsync(journal, next, answer, StopReason.MaxOutputTokens, slice);
    }

    /// <summary>A model that said nothing is asked once more; then the run fails by name.</summary>
    private Task EmptyAsync(IRunJournal journal, Run next, JournalEntry answer, RunError error, Slice slice) =>
        next.HasTurnLeft && !WasEmpty(journal.Transcript)
            ? CommitAsync(journal, next, [answer], slice)
            : EndAsync(journal, next, answer, StopReason.ProviderError, slice, error);

    private async Task FinishAsync(IRunJournal journal, Run next, JournalEntry answer, Slice slice)
    {
        var errors = next.Agent.ResponseSchema is { } schema ? StructuredAnswer.Validate(schema, answer.Text()) : [];
        if (errors.Count == 0)
        {
            await EndAsync(journal, next, answer, StopReason.Completed, answer.Text(), slice);
        }
        else if (next.HasTurnLeft && !journal.Transcript.HasRepair)
        {
            // Together, so that a driver that comes after a crash neither asks for the repair twice nor forgets it.
            await CommitAsync(journal, next, [answer, AnswerRepair.Request(answer, errors, time.GetUtcNow())], slice);
        }
        else
        {
            await EndAsync(journal, next, answer, StopReason.ProviderError, answer.Text(), slice, RunError.InvalidOutput(errors));
        }
    }

    private Task FailAsync(IRunJournal journal, Run next, JournalEntry step, Exception failure, Slice slice)
    {
        if (failure is not ProviderException provider)
        {
            return EndAsync(journal, next, step, StopReason.InternalError, slice, Unrecorded(next, failure));
        }

        var (reason, error) = ReasonOf(provider);
        return EndAsync(journal, next with { ProviderFailure = provider }, step, reason, slice, error);
    }

    /// <summary>Ends the run with what the answer says, or else with what was said last before it.</summary>
    private Task EndAsync(IRunJournal journal, Run next, JournalEntry answer, StopReason reason, Slice slice, RunError? error = null) =>
        EndAsync(journal, next, answer, reason, answer.Text() is { Length: > 0 } text ? text : journal.Transcript.LastText, slice, error);

    private Task EndAsync(
        IRunJournal journal, Run next, JournalEntry answer, StopReason reason, string? output, Slice slice, RunError? error = null)
    {
        var end = RunEnd.With(next, answer, reason, output, time.GetUtcNow(), error);
        return CommitAsync(journal, end.Run, end.Entries, slice);
    }

    /// <summary>
    /// Records entries of which the first was paid. A failure of storage that may pass is waited out for as long as the lease lasts; where the answer
    /// itself cannot be recorded, that it was given, and what it cost, is.
    /// </summary>
    private async Task CommitAsync(IRunJournal journal, Run next, IReadOnlyList<JournalEntry> entries, Slice slice)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await journal.CommitAsync(next, entries, slice.Lost);
                return;
            }
            catch (Exception failure) when (failure is not OperationCanceledException && StorageOutage.Passes(failure))
            {
                LogWaiting(next.Id, failure.GetType().FullName);
                await Task.Delay(pause, time, slice.Lost);
            }
            catch (Exception failure) when (failure is not (LeaseLostException or OperationCanceledException) && entries[0].Messages.Count > 0)
            {
                await CommitBareAsync(journal, next, entries[0], failure, slice.Lost);
                return;
            }
        }
    }

    private Task CommitBareAsync(IRunJournal journal, Run next, JournalEntry answer, Exception failure, CancellationToken lost)
    {
        var bare = answer with { Status = StepStatus.Failed, FinishReason = FinishReason.Error, Messages = [] };
        var end = RunEnd.With(next with { FinishReason = bare.FinishReason }, bare, StopReason.InternalError, journal.Transcript.LastText, time.GetUtcNow(), Unrecorded(next, failure));
        return journal.CommitAsync(end.Run, end.Entries, lost);
    }

    private RunError Unrecorded(Run run, Exception failure)
    {
        var errorId = Ids.NewError();
        LogUnrecorded(run.Id, errorId, failure.GetType().FullName);
        LogDetails(failure, errorId);
        return new RunError("internal_error", $"The model's answer could not be used ({errorId}).");
    }

    private static bool HasAnswered(JournalEntry answer, ModelOutcome asked) =>
        asked.Failure is null && (answer.Status != StepStatus.Cancelled || answer.Messages.Count > 0);

    private static IReadOnlyList<string> AddTo(IReadOnlyList<string> servedBy, string model) => [.. servedBy.Where(other => other != model), model];

    /// <summary>Whether nothing was said in the turn before this one.</summary>
    private static bool WasEmpty(Transcript transcript) =>
        transcript.Entries.LastOrDefault(entry => entry.Kind != EntryKind.Summary && entry is not { Kind: EntryKind.Model, Status: StepStatus.Cancelled })
            is { Kind: EntryKind.Model, FinishReason: FinishReason.Length or FinishReason.Stop, Messages.Count: 0 };

    [LoggerMessage(1060, LogLevel.Warning, "Run {RunId}: a model's answer waits for storage to record it ({ExceptionType})")]
    private partial void LogWaiting(string runId, string? exceptionType);

    [LoggerMessage(1061, LogLevel.Error, "Run {RunId}: a model's answer could not be used and is recorded as a step that failed: {ErrorId} ({ExceptionType})")]
    private partial void LogUnrecorded(string runId, string errorId, string? exceptionType);

    [LoggerMessage(1062, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
