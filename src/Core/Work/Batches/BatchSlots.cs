using Microsoft.Extensions.Logging;
using Yggdrasil.Identity;
using Yggdrasil.Limits.Fairness;

namespace Yggdrasil.Work.Batches;

/// <summary>The slots in which this instance of the app runs items, given out fairly by owner and weight.</summary>
internal sealed class BatchSlots(BatchOptions options, TimeProvider time, ILogger<FairQueue> logger)
{
    /// <summary>Batches of one owner that are driven at the same time; the others look in again, so that the owner's runs go on too.</summary>
    private const int SlicesPerOwner = 4;

    private readonly FairQueue _items = new(
        new FairQueueRules(options.Concurrency) { WeightOf = owner => options.Weights.GetValueOrDefault(Owner.OfPartition(owner).User, 1) }, time, logger);

    private readonly FairQueue _slices = new(new FairQueueRules(int.MaxValue) { PerOwner = SlicesPerOwner, WaitingPerOwner = 0 }, time, logger);

    /// <summary>Waits for a slot for an item.</summary>
    /// <returns>To be disposed of when the slot is free again.</returns>
    public async ValueTask<IAsyncDisposable> EnterAsync(Owner owner, CancellationToken cancellationToken) =>
        (await _items.EnterAsync(owner.Partition, work: null, cancellationToken)).Slot!;

    /// <summary>Asks whether one more batch of the owner may be driven.</summary>
    /// <param name="key">The batch's orchestration.</param>
    /// <param name="call">Wakes it.</param>
    public ValueTask<Admission> BeginSliceAsync(Owner owner, string key, Func<CancellationToken, Task> call, CancellationToken cancellationToken) =>
        _slices.EnterAsync(owner.Partition, new ActivityWork(key, call, Patience: TimeSpan.Zero), cancellationToken);
}
