using Microsoft.Extensions.Logging;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;

namespace Yggdrasil.Work.Batches;

/// <summary>Takes batches in.</summary>
/// <remarks>
/// <code>
///   [row: accepting, upload] ──► items, a transaction at a time, where nothing refers to them yet ──► head
///       ──► orchestration scheduled ──► [row: running, with its agent and what names its items]
/// </code>
/// An upload that breaks off leaves items that no row names; they are removed at once, or after a crash by the timer. Several
/// uploads under one key go on side by side, each with items of its own: the first that is whole becomes the batch, the others
/// find it, and compare what they read. Whether an upload has become the batch its row says, and not the answer to the write of it,
/// which may be lost.
/// </remarks>
internal sealed partial class BatchAcceptance(
    AgentService agents,
    BatchStore batches,
    BatchItemStore items,
    BatchRemoval removal,
    CallbackRules callbacks,
    RetentionCompanion retention,
    DueStore due,
    IBatchScheduler scheduler,
    Contention contention,
    TimeProvider time,
    ILogger<BatchAcceptance> logger)
{
    /// <param name="key">The caller's promise that two uploads are one; null without.</param>
    /// <returns>The batch, and whether this upload made it.</returns>
    public async Task<(Batch Batch, bool Created)> AcceptAsync(Caller caller, string? key, BatchUpload upload, CancellationToken cancellationToken)
    {
        var batch = new Batch
        {
            Id = Ids.Batch(caller.Owner.Partition, key),
            Caller = caller,
            Status = BatchStatus.Accepting,
            Upload = Ids.NewUnique(),
            CreatedAt = time.GetUtcNow(),
        };
        if (await FindAcceptedAsync(batch, cancellationToken) is { } accepted)
        {
            await foreach (var _ in upload.ReadAsync(cancellationToken))
            {
                // Only what they come to counts.
            }

            // It is its owner's: an API key must not reach another agent's batch by it.
            if (!AccessPolicy.IsInScope(caller, accepted.Agent?.Id ?? ""))
            {
                throw new IdempotencyMismatchException();
            }

            return (await FoundAsync(accepted, upload.Header, cancellationToken), Created: false);
        }

        return await TakeAsync(batch, isNamed: key is not null, upload, cancellationToken);
    }

    private async Task<(Batch Batch, bool Created)> TakeAsync(Batch batch, bool isNamed, BatchUpload upload, CancellationToken cancellationToken)
    {
        await due.AddAsync(BatchRemoval.DueOf(batch, DueItem.DayAfter(batch.CreatedAt)), cancellationToken);
        try
        {
            await batches.AddAsync(batch, cancellationToken);
            var head = await StageAsync(batch, upload, cancellationToken);
            var header = upload.Header;
            var ready = await PrepareAsync(batch, header, cancellationToken);
            await items.AddHeadAsync(batch.Items, head, cancellationToken);
            var (committed, created) = await CommitAsync(ready, cancellationToken);

            // Under a key the orchestration may be that of an earlier upload, and have given up just before the commit.
            var same = created && !isNamed ? committed : await FoundAsync(committed, header, cancellationToken);
            if (!created)
            {
                await removal.RemoveUploadAsync(batch, CancellationToken.None);
            }

            return (same, created);
        }
        catch
        {
            await DiscardAsync(batch);
            throw;
        }
    }

    /// <summary>Writes the items as they are read.</summary>
    private async Task<BatchHead> StageAsync(Batch batch, BatchUpload upload, CancellationToken cancellationToken)
    {
        List<NewBatchItem> some = [];
        var total = 0;
        await foreach (var item in upload.ReadAsync(cancellationToken))
        {
            some.Add(item);
            if (some.Count == BatchItemStore.MaxPerCommit)
            {
                await items.AddAsync(batch.Items, total, some, cancellationToken);
                total += some.Count;
                some.Clear();
            }
        }

        if (some.Count > 0)
        {
            await items.AddAsync(batch.Items, total, some, cancellationToken);
        }

        total += some.Count;
        return total > 0 ? new BatchHead { Total = total } : throw new InvalidRequestException("items", "Must hold at least one item.");
    }

    private async Task<Batch> PrepareAsync(Batch batch, BatchHeader header, CancellationToken cancellationToken)
    {
        var agent = await agents.RequireToRunAsync(AccessPolicy.ScopeOf(batch.Caller, userId: null), header.AgentId, cancellationToken);
        var errors = new FieldErrors();
        await callbacks.ValidateAsync(batch.Caller.Owner, header.CallbackUrl, errors, cancellationToken);
        errors.ThrowIfAny();
        await retention.EnsureDayAsync(batch.Caller.Owner.Partition, agent.Definition.RetentionDays, cancellationToken);
        return batch with
        {
            Status = BatchStatus.Running,
            Agent = agent.Snapshot,
            CallbackUrl = header.CallbackUrl,
            RequestHash = header.Hash,
        };
    }

    /// <returns>The batch, and whether it is the one that was ready.</returns>
    private async Task<(Batch Batch, bool Created)> CommitAsync(Batch ready, CancellationToken cancellationToken)
    {
        var partition = ready.Caller.Owner.Partition;
        using var patience = new CancellationTokenSource(BatchReference.CommitPatience, time);

        // First the driver, then the batch: an orchestration that finds none ends itself, a batch without one would hang.
        await scheduler.ScheduleAsync(ready.Reference, cancellationToken);

        // From here on not the request's to cancel: all has been uploaded, and whoever uploads it again finds it.
        return await contention.RetryAsync("The batch", AttemptAsync, patience.Token);

        async Task<(Batch Batch, bool Created)> AttemptAsync()
        {
            var stored = await batches.FindAsync(partition, ready.Id, patience.Token)
                ?? await batches.AddAsync(ready with { Status = BatchStatus.Accepting, Agent = null }, patience.Token);
            if (stored is { Status: not BatchStatus.Accepting } && stored.Upload != ready.Upload)
            {
                return (stored, Created: false);
            }

            // Storage may have answered our own success a second time.
            var accepted = stored is null or { Status: not BatchStatus.Accepting }
                ? stored
                : await batches.ReplaceAsync(ready with { CreatedAt = stored.CreatedAt, ETag = stored.ETag }, patience.Token);
            if (accepted is null)
            {
                throw new ContendedException();
            }

            LogAccepted(ready.Id, partition);
            return (accepted, Created: true);
        }
    }

    private async Task<Batch?> FindAcceptedAsync(Batch batch, CancellationToken cancellationToken) =>
        await batches.FindAsync(batch.Caller.Owner.Partition, batch.Id, cancellationToken) is { Status: not BatchStatus.Accepting } accepted
            ? accepted
            : null;

    /// <summary>A batch that was accepted: it has to be the caller's, and somebody has to drive it.</summary>
    private async Task<Batch> FoundAsync(Batch accepted, BatchHeader header, CancellationToken cancellationToken)
    {
        var same = Same(accepted, header);
        if (!same.IsTerminal)
        {
            await scheduler.ScheduleAsync(same.Reference, cancellationToken);
        }

        return same;
    }

    private static Batch Same(Batch accepted, BatchHeader header)
    {
        if (accepted.IsDeleted)
        {
            throw new ConflictException("The batch of this Idempotency-Key is being deleted.");
        }

        return accepted.RequestHash == header.Hash ? accepted : throw new IdempotencyMismatchException();
    }

    /// <summary>Removes what an upload that failed has left. What this cannot, the timer does.</summary>
    private async Task DiscardAsync(Batch batch)
    {
        try
        {
            await removal.RemoveUploadAsync(batch, CancellationToken.None);
        }
        catch (Exception failure)
        {
            LogNotDiscarded(batch.Id, failure.GetType().FullName);
        }
    }

    [LoggerMessage(1310, LogLevel.Information, "Batch {BatchId} of {Owner} was accepted")]
    private partial void LogAccepted(string batchId, string owner);

    [LoggerMessage(1311, LogLevel.Warning, "What a failed upload of batch {BatchId} has left is removed later ({ExceptionType})")]
    private partial void LogNotDiscarded(string batchId, string? exceptionType);
}
