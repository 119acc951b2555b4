using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Functions.Durable;

/// <param name="InstanceId">The orchestration that asks.</param>
public sealed record AdvanceRunInput(string Partition, string RunId, string InstanceId);

/// <param name="InstanceId">The orchestration that asks; null from one of an older version.</param>
public sealed record RunToolInput(string Partition, string RunId, string CallId, string? InstanceId = null);

public sealed record FailRunInput(string Partition, string RunId, string ErrorId);

/// <summary>The steps of <see cref="RunOrchestrator"/>, guarded by <see cref="SliceGuard"/>.</summary>
public sealed partial class RunActivities(RunSlices slices, RunDriver driver, RunEndings endings, ChildRuns children, ILogger<RunActivities> logger)
{
    [Function(nameof(AdvanceRun))]
    public Task<SliceOutcome> AdvanceRun(
        [ActivityTrigger] AdvanceRunInput input, [DurableClient] DurableTaskClient client, FunctionContext context) =>
        GuardAsync(input.RunId, context, async () =>
        {
            var run = new RunReference(input.Partition, input.RunId);
            var outcome = await slices.AdvanceAsync(run, input.InstanceId, context.CancellationToken);
            if (outcome.End == SliceEnd.Yielded)
            {
                context.CancellationToken.ThrowIfCancellationRequested();
            }

            await endings.AnnounceAsync(run, outcome, context.CancellationToken);
            return outcome;
        });

    /// <returns>False when there was no slot for the call: it is to be asked for again.</returns>
    [Function(nameof(RunTool))]
    public Task<bool> RunTool([ActivityTrigger] RunToolInput input, [DurableClient] DurableTaskClient client, FunctionContext context) =>
        GuardAsync(input.RunId, context, async () =>
        {
            var run = new RunReference(input.Partition, input.RunId);
            var (hadSlot, delegated) = await slices.RunToolAsync(run, input.CallId, input.InstanceId, context.CancellationToken);
            if (delegated is not null)
            {
                await children.StartAsync(delegated, context.CancellationToken);
            }

            return hadSlot;
        });

    [Function(nameof(FailRun))]
    public Task<SliceOutcome> FailRun(
        [ActivityTrigger] FailRunInput input, [DurableClient] DurableTaskClient client, FunctionContext context) =>
        GuardAsync(input.RunId, context, async () =>
        {
            var run = new RunReference(input.Partition, input.RunId);
            var outcome = await driver.FailAsync(run, input.ErrorId, context.CancellationToken);
            await endings.AnnounceAsync(run, outcome, context.CancellationToken);
            return outcome;
        });

    private Task<T> GuardAsync<T>(string runId, FunctionContext context, Func<Task<T>> step) => SliceGuard.RunAsync(
        context,
        step,
        (errorId, failure) =>
        {
            LogFailed(runId, errorId, failure.GetType().FullName);
            LogDetails(failure, errorId);
        },
        () => LogGivenBack(runId));

    [LoggerMessage(3014, LogLevel.Information, "Run {RunId}: the host stops; another one goes on")]
    private partial void LogGivenBack(string runId);

    [LoggerMessage(3010, LogLevel.Error, "A slice of run {RunId} failed: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string runId, string errorId, string? exceptionType);

    [LoggerMessage(3011, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
