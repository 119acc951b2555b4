namespace Yggdrasil.Batches;

/// <summary>Notices while a slice goes on that its batch was cancelled or deleted, and ends the feeding of items.</summary>
internal sealed class BatchWatch : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly BatchStore _batches;
    private readonly Batch _batch;
    private readonly CancellationTokenSource _stop;
    private readonly CancellationTokenSource _over = new();
    private readonly Task _watching;

    public BatchWatch(BatchStore batches, Batch batch, TimeProvider time, CancellationToken stopping)
    {
        (_batches, _batch) = (batches, batch);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _watching = WatchAsync(time);
    }

    /// <summary>Cancelled when no further item is to be begun.</summary>
    public CancellationToken Stop => _stop.Token;

    public bool HasChanged { get; private set; }

    public void Dispose()
    {
        _over.Cancel();

        // It ends by itself, at the latest with its request to storage; its sources are collected with it.
        _watching.ContinueWith(
            static (_, state) =>
            {
                var (stop, over) = ((CancellationTokenSource, CancellationTokenSource))state!;
                stop.Dispose();
                over.Dispose();
            },
            (_stop, _over),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private async Task WatchAsync(TimeProvider time)
    {
        try
        {
            using var timer = new PeriodicTimer(LookEvery, time);
            while (await timer.WaitForNextTickAsync(_over.Token))
            {
                var current = await _batches.FindPlainAsync(_batch.Caller.Owner.Partition, _batch.Id, _over.Token);
                if (current is null || current.IsDeleted || current.CancelRequested || current.Round != _batch.Round)
                {
                    HasChanged = true;
                    await _stop.CancelAsync();
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            // The slice is over.
        }
        catch (Azure.RequestFailedException)
        {
            // Storage is away: the next slice looks by itself.
        }
    }
}
