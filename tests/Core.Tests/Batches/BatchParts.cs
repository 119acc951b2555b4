using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Tests.Batches;

/// <summary>What stores and removes batches, as a worker has it.</summary>
internal sealed class BatchParts
{
    public BatchParts(StorageClients storage, ContentVault vault, RunRemoval runs, DueStore due, IRunScheduler scheduler, TimeProvider time)
    {
        Store = new BatchStore(storage, vault, TestUnknown.Values);
        Items = new BatchItemStore(storage, vault, TestUnknown.Values);
        Ledger = new BatchLedger(Items, TestContention.Retries);
        Removal = new BatchRemoval(Store, Items, runs, due, scheduler, TestContention.Retries, time);
    }

    public BatchStore Store { get; }

    public BatchItemStore Items { get; }

    public BatchLedger Ledger { get; }

    public BatchRemoval Removal { get; }
}
