using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Yggdrasil.LocalHost.Hosting;
using Yggdrasil.LocalHost.Settings;

namespace Yggdrasil.LocalHost.Queues;

/// <summary>Runs the function for one message and settles the message: deleted, visible again, or in the poison queue.</summary>
internal sealed partial class MessageProcessor(
    Function function,
    QueueClient queue,
    QueueClient poisonQueue,
    FunctionInvoker invoker,
    QueueSettings settings,
    TimeProvider time,
    ILogger logger)
{
    /// <summary>
    /// How long a message is ours; renewed at a third of it. The genuine host takes ten minutes, which a crash on a
    /// laptop need not wait for.
    /// </summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    public async Task ProcessAsync(QueueMessage message, CancellationToken stoppingToken)
    {
        var receipt = new Receipt(message.PopReceipt);
        try
        {
            if (message.DequeueCount > settings.MaxDequeueCount)
            {
                // The last attempt died with its process, so that nobody was left to move the message.
                await PoisonAsync(message, receipt);
                return;
            }

            if (await TryRunAsync(message, receipt, stoppingToken))
            {
                await queue.DeleteMessageAsync(message.MessageId, receipt.Value, CancellationToken.None);
            }
            else if (message.DequeueCount >= settings.MaxDequeueCount && !stoppingToken.IsCancellationRequested)
            {
                await PoisonAsync(message, receipt);
            }
            else
            {
                await queue.UpdateMessageAsync(
                    message.MessageId, receipt.Value, visibilityTimeout: settings.VisibilityTimeout,
                    cancellationToken: CancellationToken.None);
            }
        }
        catch (Exception failure) when (failure is RequestFailedException or AggregateException)
        {
            // The message comes back when its lease ends: delivery is at least once, and functions know.
            LogNotSettled(message.MessageId, queue.Name, failure.GetType().FullName);
        }
    }

    private async Task<bool> TryRunAsync(QueueMessage message, Receipt receipt, CancellationToken stoppingToken)
    {
        using var finished = new CancellationTokenSource();
        var renewal = RenewAsync(message.MessageId, receipt, finished.Token);
        try
        {
            await invoker.RunAsync(function, message, stoppingToken);
            return true;
        }
#pragma warning disable CA1031 // The host decides about the message, whatever the function throws.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            LogFailed(failure, function.Name, message.MessageId, message.DequeueCount);
            return false;
        }
        finally
        {
            await finished.CancelAsync();
            await renewal;
        }
    }

    private async Task RenewAsync(string messageId, Receipt receipt, CancellationToken finished)
    {
        using var timer = new PeriodicTimer(Lease / 3, time);
        try
        {
            while (await timer.WaitForNextTickAsync(finished))
            {
                UpdateReceipt renewed = await queue.UpdateMessageAsync(
                    messageId, receipt.Value, visibilityTimeout: Lease, cancellationToken: CancellationToken.None);
                receipt.Value = renewed.PopReceipt;
            }
        }
        catch (OperationCanceledException) when (finished.IsCancellationRequested)
        {
        }
        catch (Exception failure) when (failure is RequestFailedException or AggregateException)
        {
            LogNotRenewed(messageId, queue.Name, failure.GetType().FullName);
        }
    }

    private async Task PoisonAsync(QueueMessage message, Receipt receipt)
    {
        await poisonQueue.CreateIfNotExistsAsync();
        await poisonQueue.SendMessageAsync(message.Body);
        await queue.DeleteMessageAsync(message.MessageId, receipt.Value);
        LogPoisoned(message.MessageId, message.DequeueCount, poisonQueue.Name);
    }

    [LoggerMessage(210, LogLevel.Error, "Function {Function} failed on message {MessageId}, attempt {Attempt}.")]
    private partial void LogFailed(Exception failure, string function, string messageId, long attempt);

    [LoggerMessage(211, LogLevel.Warning, "Message {MessageId} was moved to {Queue} after {Attempts} attempts.")]
    private partial void LogPoisoned(string messageId, long attempts, string queue);

    [LoggerMessage(212, LogLevel.Warning, "Message {MessageId} of {Queue} is not settled ({ExceptionType}).")]
    private partial void LogNotSettled(string messageId, string queue, string? exceptionType);

    [LoggerMessage(213, LogLevel.Warning, "Message {MessageId} of {Queue} is not renewed ({ExceptionType}).")]
    private partial void LogNotRenewed(string messageId, string queue, string? exceptionType);

    /// <summary>The proof that the message is ours; each renewal gives a new one.</summary>
    private sealed class Receipt(string value)
    {
        public string Value { get; set; } = value;
    }
}
