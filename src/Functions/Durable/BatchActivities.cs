using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Functions.Durable;

/// <summary>The step of <see cref="BatchOrchestrator"/>, guarded by <see cref="SliceGuard"/>.</summary>
public sealed partial class BatchActivities(BatchDriver driver, ILogger<BatchActivities> logger)
{
    [Function(nameof(AdvanceBatch))]
    public Task<BatchOutcome> AdvanceBatch(
        [ActivityTrigger] BatchReference batch, [DurableClient] DurableTaskClient client, FunctionContext context) => SliceGuard.RunAsync(
        context,
        async () =>
        {
            var outcome = await driver.AdvanceAsync(batch, context.CancellationToken);
            if (outcome.End != BatchSliceEnd.Finished)
            {
                context.CancellationToken.ThrowIfCancellationRequested();
            }

            return outcome;
        },
        (errorId, failure) =>
        {
            LogFailed(batch.BatchId, errorId, failure.GetType().FullName);
            LogDetails(failure, errorId);
        },
        () => LogGivenBack(batch.BatchId));

    [LoggerMessage(3072, LogLevel.Information, "Batch {BatchId}: the host stops; another one goes on")]
    private partial void LogGivenBack(string batchId);

    [LoggerMessage(3070, LogLevel.Error, "A slice of batch {BatchId} failed: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string batchId, string errorId, string? exceptionType);

    [LoggerMessage(3071, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
