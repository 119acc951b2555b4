using Azure.Storage.Queues;

namespace Yggdrasil.LocalHost.Queues;

/// <summary>Moves a message that is not Base64 to the poison queue: no further attempt could read it.</summary>
internal sealed partial class UndecodableMessages(QueueClient poisonQueue, ILogger logger)
{
    public async Task MoveAsync(QueueMessageDecodingFailedEventArgs args)
    {
        if (args.ReceivedMessage is not { } message)
        {
            return;
        }

        await poisonQueue.CreateIfNotExistsAsync(cancellationToken: args.CancellationToken);
        await poisonQueue.SendMessageAsync(message.Body, cancellationToken: args.CancellationToken);
        await args.Queue.DeleteMessageAsync(message.MessageId, message.PopReceipt, args.CancellationToken);
        LogMoved(message.MessageId, poisonQueue.Name);
    }

    [LoggerMessage(214, LogLevel.Warning, "Message {MessageId} is not Base64 and was moved to {Queue}.")]
    private partial void LogMoved(string messageId, string queue);
}
