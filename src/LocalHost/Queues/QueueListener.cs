using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Yggdrasil.LocalHost.Settings;

namespace Yggdrasil.LocalHost.Queues;

/// <summary>Fetches one queue's messages and has each processed, a batch and a refill threshold at a time.</summary>
/// <remarks>
/// Waits 100 ms after finding the queue empty, twice as long each time after that, up to the configured interval. A
/// queue that does not exist is empty: the genuine host does not create it either.
/// </remarks>
internal sealed partial class QueueListener(
    QueueClient queue, MessageProcessor processor, QueueSettings settings, TimeProvider time, ILogger logger)
    : BackgroundService
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var running = new List<Task>();
        var wait = ShortestWait;
        try
        {
            while (true)
            {
                var messages = await ReceiveAsync(stoppingToken);
                running.AddRange(messages.Select(message => processor.ProcessAsync(message, stoppingToken)));
                if (messages.Length == 0)
                {
                    await Task.Delay(wait, time, stoppingToken);
                    wait = wait * 2 < settings.MaxPollingInterval ? wait * 2 : settings.MaxPollingInterval;
                }
                else
                {
                    wait = ShortestWait;
                }

                await RoomAsync(running);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Functions see the same signal; what they were working on becomes visible again when they give up.
            await Task.WhenAll(running);
        }
    }

    private async Task RoomAsync(List<Task> running)
    {
        running.RemoveAll(task => task.IsCompleted);
        while (running.Count > settings.RefillAt)
        {
            running.Remove(await Task.WhenAny(running));
        }
    }

    private async Task<QueueMessage[]> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await queue.ReceiveMessagesAsync(settings.BatchSize, MessageProcessor.Lease, cancellationToken);
        }
        catch (RequestFailedException missing) when (missing.Status == StatusCodes.Status404NotFound)
        {
            return [];
        }
        catch (Exception failure) when (failure is RequestFailedException or AggregateException)
        {
            // Storage that is away for a while (an aggregate is the client's own retries, used up) comes back.
            LogReceiveFailed(queue.Name, failure.GetType().FullName);
            return [];
        }
    }

    // Not the failure itself: its message is what storage, or whoever answers in its place, has said.
    [LoggerMessage(200, LogLevel.Warning, "Queue {Queue} cannot be read ({ExceptionType}).")]
    private partial void LogReceiveFailed(string queue, string? exceptionType);
}
