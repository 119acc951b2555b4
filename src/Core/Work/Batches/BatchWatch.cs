using Microsoft.Extensions.Logging;

namespace Yggdrasil.Work.Batches;

/// <summary>Notices while a slice goes on that its batch was cancelled or deleted, and ends the feeding of items.</summary>
internal sealed partial class BatchWatch : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly BatchStore _batches;
    private readonly Batch _batch;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop;
    private readonly CancellationTokenSource _over = new();
    private readonly Task _watching;

    public BatchWatch(BatchStore batches, Batch batch, TimeProvider time, ILogger logger, CancellationToken stopping)
    {
        (_batches, _batch, _time, _logger) = (batches, batch, time, logger);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _watching = WatchAsync();
    }

    /// <summary>Cancelled when no further item is to be begun.</summary>
    public CancellationToken Stop => _stop.Token;

    public bool HasChanged { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _over.Dispose();
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(LookEvery, _time);
        while (await timer.WaitForNextTickAsync(_over.Token))
        {
            try
            {
                var current = await _batches.FindPlainAsync(_batch.Caller.Owner.Partition, _batch.Id, _over.Token);
                if (current is null || current.IsDeleted || current.CancelRequested || current.Round != _batch.Round)
                {
                    HasChanged = true;
                    await _stop.CancelAsync();
                    return;
                }
            }
            catch (Exception failure) when (!_over.IsCancellationRequested)
            {
                // Whatever storage and its client throw: the next look may succeed, and the next slice looks by itself.
                LogNotSeen(_batch.Id, failure.GetType().FullName);
            }
        }
    }

    [LoggerMessage(1302, LogLevel.Warning, "Batch {BatchId}: whether it is to be cancelled could not be read ({ExceptionType})")]
    private partial void LogNotSeen(string batchId, string? exceptionType);
}
