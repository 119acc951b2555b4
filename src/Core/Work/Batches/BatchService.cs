using System.Runtime.CompilerServices;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;

namespace Yggdrasil.Work.Batches;

/// <summary>Batches, for callers: accept, read, list, cancel, retry, delete.</summary>
public sealed class BatchService
{
    /// <summary>Results whose runs are read side by side.</summary>
    private const int ResultsAtOnce = 50;

    /// <summary>How long a request removes before it leaves the rest to the timer.</summary>
    private static readonly TimeSpan RemovalPatience = TimeSpan.FromSeconds(20);

    private readonly BatchAcceptance _acceptance;
    private readonly BatchStore _batches;
    private readonly BatchItemStore _items;
    private readonly BatchRemoval _removal;
    private readonly RunList _runs;
    private readonly IBatchScheduler _scheduler;
    private readonly Contention _contention;
    private readonly TimeProvider _time;

    internal BatchService(
        BatchAcceptance acceptance, BatchStore batches, BatchItemStore items, BatchRemoval removal, RunList runs, IBatchScheduler scheduler,
        Contention contention, TimeProvider time)
    {
        (_acceptance, _batches, _items, _removal, _runs) = (acceptance, batches, items, removal, runs);
        (_scheduler, _contention, _time) = (scheduler, contention, time);
    }

    /// <summary>Takes a batch in, or finds the one that an earlier upload with the same idempotency key made.</summary>
    /// <param name="key">1 to 128 visible ASCII characters, unique among the caller's batches; null for none.</param>
    /// <exception cref="NotFoundException">The caller has no such agent.</exception>
    /// <exception cref="InvalidRequestException">The upload is not a batch.</exception>
    /// <exception cref="IdempotencyMismatchException">The key was used for another upload.</exception>
    public async Task<(BatchProgress Batch, bool Created)> AcceptAsync(
        Caller caller, string? key, BatchUpload upload, CancellationToken cancellationToken)
    {
        var (batch, created) = await _acceptance.AcceptAsync(caller, key, upload, cancellationToken);
        return (await ProgressAsync(batch, cancellationToken), created);
    }

    /// <exception cref="NotFoundException">There is no such batch in this scope.</exception>
    public async Task<BatchProgress> GetAsync(Scope scope, string batchId, CancellationToken cancellationToken) =>
        await ProgressAsync(await RequireAsync(scope, RunAction.Read, batchId, cancellationToken), cancellationToken);

    /// <summary>The owner's batches, newest first.</summary>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is not a cursor of this list.</exception>
    public async Task<ListPage<BatchProgress>> ListAsync(Scope scope, int limit, string? after, CancellationToken cancellationToken)
    {
        if (after is not null && !after.StartsWith(RowKeys.BatchListPrefix, StringComparison.Ordinal))
        {
            throw InvalidRequestException.NotACursor();
        }

        var page = await _batches.ListAsync(scope.Owner, limit, after, cancellationToken);
        return new ListPage<BatchProgress>(
            await Task.WhenAll(page.Items.Where(batch => AccessPolicy.IsInScope(scope.Caller, batch.Agent?.Id ?? "")).Select(batch => ProgressAsync(batch, cancellationToken))), page.Next);
    }

    /// <summary>What has become of the items, in their order; of a batch that runs, those that have ended.</summary>
    /// <exception cref="NotFoundException">There is no such batch in this scope.</exception>
    public async Task<IAsyncEnumerable<BatchItemOutcome>> ReadResultsAsync(Scope scope, string batchId, CancellationToken cancellationToken)
    {
        var batch = await RequireAsync(scope, RunAction.Read, batchId, cancellationToken);
        return ReadResultsAsync(batch, cancellationToken);
    }

    /// <summary>Cancels what of a batch has not ended; one that has ended stays as it is.</summary>
    /// <returns>The batch, and whether it had not ended before.</returns>
    /// <exception cref="NotFoundException">There is no such batch in this scope.</exception>
    /// <exception cref="ConflictException">It is still being uploaded.</exception>
    public Task<(BatchProgress Batch, bool Accepted)> CancelAsync(Scope scope, string batchId, CancellationToken cancellationToken)
    {
        return _contention.RetryAsync("The batch", AttemptAsync, cancellationToken);

        async Task<(BatchProgress Batch, bool Accepted)> AttemptAsync()
        {
            var batch = await RequireAsync(scope, RunAction.Control, batchId, cancellationToken);
            if (batch.IsTerminal)
            {
                return (await ProgressAsync(batch, cancellationToken), Accepted: false);
            }

            if (batch.Status == BatchStatus.Accepting)
            {
                throw new ConflictException("The batch is still being uploaded; break the upload off instead.");
            }

            if (!batch.CancelRequested && await _batches.UpdateAsync(batch with { CancelRequested = true }, cancellationToken) is null)
            {
                throw new ContendedException();
            }

            // Also when nothing changed: the wake-up of an earlier request may have been lost. And scheduled, so that cancelling
            // ends also a batch that nobody drives.
            await _scheduler.ScheduleAsync(batch.Reference, cancellationToken);
            await _scheduler.WakeAsync(Ids.BatchDriver(batch.Id, batch.Round), cancellationToken);
            return (await ProgressAsync(batch, cancellationToken), Accepted: true);
        }
    }

    /// <summary>Runs the failed items of a batch that has ended once more; each gets a new run.</summary>
    /// <exception cref="NotFoundException">There is no such batch in this scope.</exception>
    /// <exception cref="ConflictException">It has not ended, or no item has failed.</exception>
    public async Task<BatchProgress> RetryAsync(Scope scope, string batchId, CancellationToken cancellationToken)
    {
        int? tried = null;
        return await _contention.RetryAsync("The batch", AttemptAsync, cancellationToken);

        async Task<BatchProgress> AttemptAsync()
        {
            var batch = await RequireAsync(scope, RunAction.Control, batchId, cancellationToken);
            var progress = await ProgressAsync(batch, cancellationToken);
            if (batch.Round >= tried)
            {
                // Storage answered our own success a second time, or the same request came twice at once.
                return progress;
            }

            if (!batch.IsTerminal)
            {
                throw new ConflictException("The batch has not ended.");
            }

            if (progress.Counts.Failed == 0)
            {
                throw new ConflictException("No item of the batch has failed.");
            }

            var next = batch with { Status = BatchStatus.Running, CancelRequested = false, CompletedAt = null, Round = batch.Round + 1 };
            if (await BeginRoundAsync(next, cancellationToken) is { } begun)
            {
                return await ProgressAsync(begun, cancellationToken);
            }

            tried = next.Round;
            throw new ContendedException();
        }
    }

    /// <summary>Deletes a batch that has ended, with its items and their runs.</summary>
    /// <exception cref="NotFoundException">There is no such batch in this scope.</exception>
    /// <exception cref="ConflictException">It has not ended.</exception>
    public async Task DeleteAsync(Scope scope, string batchId, CancellationToken cancellationToken)
    {
        var batch = await RequireAsync(scope, RunAction.Control, batchId, cancellationToken);
        var started = _time.GetTimestamp();
        await _removal.RemoveAsync(batch, () => _time.GetElapsedTime(started) >= RemovalPatience, cancellationToken);
    }

    private async Task<Batch?> BeginRoundAsync(Batch next, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(BatchReference.CommitPatience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);

        // First the driver, which ends itself should the round not be begun.
        await _scheduler.ScheduleAsync(next.Reference, cancellationToken);
        if (await _batches.BeginRoundAsync(next, either.Token) is not { } begun)
        {
            return null;
        }

        // That of an earlier request, which failed, may have given up just now.
        await _scheduler.ScheduleAsync(begun.Reference, cancellationToken);
        return begun;
    }

    private async IAsyncEnumerable<BatchItemOutcome> ReadResultsAsync(Batch batch, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<BatchItem> some = [];
        await foreach (var item in _items.ListAsync(batch.Items, 0, state: null, withInput: false, cancellationToken))
        {
            if (!item.HasEnded)
            {
                continue;
            }

            some.Add(item);
            if (some.Count == ResultsAtOnce)
            {
                foreach (var outcome in await Task.WhenAll(some.Select(ended => ReadAsync(batch, ended, cancellationToken))))
                {
                    yield return outcome;
                }

                some.Clear();
            }
        }

        foreach (var outcome in await Task.WhenAll(some.Select(ended => ReadAsync(batch, ended, cancellationToken))))
        {
            yield return outcome;
        }
    }

    private async Task<BatchItemOutcome> ReadAsync(Batch batch, BatchItem item, CancellationToken cancellationToken)
    {
        var partition = batch.Caller.Owner.Partition;
        var run = await _runs.FindToShowAsync(partition, Ids.BatchRun(partition, batch.Id, item.Index, item.Round), cancellationToken);
        return new BatchItemOutcome(item.Id, run?.Id, run?.Status ?? item.Status ?? RunStatus.Failed, run?.Error ?? item.Error, run);
    }

    private async Task<BatchProgress> ProgressAsync(Batch batch, CancellationToken cancellationToken)
    {
        var head = batch.Status == BatchStatus.Accepting ? null : await _items.FindHeadAsync(batch.Items, cancellationToken);
        return new BatchProgress(batch, head?.Counts ?? new BatchCounts(0, 0, 0, 0, 0), head?.CostUsd ?? 0);
    }

    private async Task<Batch> RequireAsync(Scope scope, RunAction action, string batchId, CancellationToken cancellationToken)
    {
        var batch = Ids.IsValid(batchId) ? await _batches.FindPlainAsync(scope.Owner.Partition, batchId, cancellationToken) : null;
        AccessPolicy.RequireBatch(scope.Caller, action, batch is { IsDeleted: false } ? batch.Caller.Owner : null, batch?.Agent?.Id, batchId);
        return action == RunAction.Read || !batch!.HasUnknownStatus
            ? batch!
            : throw new ConflictException("The batch is in a state that only a newer version of this service knows; try again when the update is through.");
    }
}
