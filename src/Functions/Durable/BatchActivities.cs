using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Batches;

namespace Yggdrasil.Functions.Durable;

/// <summary>The step of <see cref="BatchOrchestrator"/>. It throws <see cref="SliceFailedException"/> and nothing else.</summary>
public sealed partial class BatchActivities(BatchDriver driver, ILogger<BatchActivities> logger)
{
    [Function(nameof(AdvanceBatch))]
    public async Task<BatchOutcome> AdvanceBatch(
        [ActivityTrigger] BatchTicket batch, [DurableClient] DurableTaskClient client, FunctionContext context)
    {
        try
        {
            return await driver.AdvanceAsync(batch, new DurableRunScheduler(client), context.CancellationToken);
        }
        catch (Exception failure)
        {
            var errorId = Ids.NewError();
            LogFailed(batch.BatchId, errorId, failure.GetType().FullName);
            LogDetails(failure, errorId);
            throw new SliceFailedException(errorId);
        }
    }

    [LoggerMessage(3070, LogLevel.Error, "A slice of batch {BatchId} failed: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string batchId, string errorId, string? exceptionType);

    [LoggerMessage(3071, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
