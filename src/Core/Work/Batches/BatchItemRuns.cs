using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Models.Clients;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Work.Batches;

/// <summary>What has become of an item that was run.</summary>
/// <param name="Result">What is to be counted; null when it is to be run again later.</param>
/// <param name="Again">When to look again, for an item that somebody else drives just now.</param>
internal readonly record struct ItemAttempt(BatchItemResult? Result, DateTimeOffset? Again = null)
{
    public static ItemAttempt GivenUp => default;
}

/// <summary>Runs items: each is an ordinary run, driven in place under its lease, without an orchestration of its own.</summary>
/// <remarks>
/// <code>
///   start (one transaction, takes the lease) ──► is there already? ──yes──► ended: counted; driven by others: later; else driven on
///        │no
///   driven here ──► ended ──► counted
///              └──► waits for something, or takes long ──► orchestration of its own ──► handed over
/// </code>
/// The id of an item's run follows from batch, index and round, so whatever stops in between, the next attempt finds it.
/// </remarks>
internal sealed partial class BatchItemRuns(
    RunStore store,
    RunDriver driver,
    LeaseDriver leases,
    BatchItemStore items,
    RunOptions options,
    IRunScheduler scheduler,
    TimeProvider time,
    ILogger<BatchItemRuns> logger)
{
    /// <summary>An item holds no activity of the host, but a slot that others want.</summary>
    private static readonly TimeSpan ProviderPatience = TimeSpan.FromSeconds(30);

    /// <exception cref="LimitException">The owner's limits do not allow another run now.</exception>
    public Task<ItemAttempt> RunAsync(Batch batch, BatchItem item, CancellationToken stopping) => ModelCaller.AsAsync(
        new ModelCaller(batch.Caller.Owner.Partition) { IsActivity = true, Patience = ProviderPatience },
        () => RunAsCallerAsync(batch, item, stopping));

    private async Task<ItemAttempt> RunAsCallerAsync(Batch batch, BatchItem item, CancellationToken stopping)
    {
        IReadOnlyList<ChatMessage> input;
        try
        {
            input = await items.OpenInputAsync(batch.Items, item, stopping);
            Validate(batch, input);
        }
        catch (ContentProtectionException)
        {
            return new ItemAttempt(BatchItemResult.Failed(item.Index, item.Round, RunError.ContentUnreadable));
        }
        catch (InvalidRequestException invalid)
        {
            return new ItemAttempt(BatchItemResult.Failed(item.Index, item.Round, new RunError(invalid.Code, invalid.Errors.First().Value[0])));
        }

        var (run, entries) = Prepare(batch, item, input);
        try
        {
            return await store.StartAsync(run, entries, stopping) is { } started
                ? await DriveAsync(item, leases.Hold(started, entries), stopping)
                : await ContinueAsync(item, run, stopping);
        }
        catch (ProblemException problem) when (problem is not LimitException)
        {
            return new ItemAttempt(BatchItemResult.Failed(item.Index, item.Round, new RunError(problem.Code, problem.Message)));
        }
    }

    /// <summary>How a batch learns of the end of a run that it has handed over.</summary>
    public static RunNotice NoticeOf(Batch batch, BatchItem item) => new(
        BatchItemDelivery.KindName, FormattableString.Invariant($"{batch.Id}/{batch.Upload}/{item.Index}/{item.Round}"));

    private static void Validate(Batch batch, IReadOnlyList<ChatMessage> input)
    {
        var errors = new FieldErrors();
        InputBlock.Validate(input, batch.Agent!.Definition, errors);
        errors.ThrowIfAny();
    }

    private NewRun Prepare(Batch batch, BatchItem item, IReadOnlyList<ChatMessage> input)
    {
        var now = time.GetUtcNow();
        var id = Ids.BatchRun(batch.Caller.Owner.Partition, batch.Id, item.Index, item.Round);
        var request = new StartRun { Input = input, Notices = [NoticeOf(batch, item)] };
        var start = NewRun.Of(id, batch.Caller, batch.Agent!, request, now);
        return start with
        {
            Run = start.Run with
            {
                BatchId = batch.Id,
                StartedAt = now,
                Status = RunStatus.Running,
                Epoch = 1,
                LeaseUntil = now + options.Lease,

                // Not scheduled until the run has to be handed over: until then its batch stands in for it.
                Driver = Ids.Driver(id, 1),
            },
        };
    }

    private async Task<ItemAttempt> DriveAsync(BatchItem item, RunLease lease, CancellationToken stopping)
    {
        try
        {
            await leases.DriveAsync(lease, new Slice(options.Slice, time, stopping, lease.Lost), handsOver: false);
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            return await HandOverAsync(item, lease.Run, failure, stopping);
        }

        return await AfterAsync(item, lease.Run, stopping);
    }

    /// <summary>An earlier attempt at this item, or a second delivery of this one, has started its run.</summary>
    private async Task<ItemAttempt> ContinueAsync(BatchItem item, Run run, CancellationToken stopping)
    {
        var (partition, runId) = (run.Caller.Owner.Partition, run.Id);
        if (await store.FindHeadAsync(partition, runId, stopping) is not { } found)
        {
            return new ItemAttempt(BatchItemResult.Deleted(item));
        }

        if (found.IsTerminal)
        {
            return new ItemAttempt(BatchItemResult.Of(item.Index, item.Round, found));
        }

        if (found.LeaseUntil > time.GetUtcNow())
        {
            return new ItemAttempt(null, found.LeaseUntil);
        }

        try
        {
            await driver.AdvanceAsync(new RunReference(partition, runId), found.Driver, stopping);
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            return await HandOverAsync(item, found, failure, stopping);
        }

        return await AfterAsync(item, await store.FindHeadAsync(partition, runId, stopping) ?? found, stopping);
    }

    private async Task<ItemAttempt> AfterAsync(BatchItem item, RunHead run, CancellationToken stopping)
    {
        if (run.IsTerminal)
        {
            return new ItemAttempt(BatchItemResult.Of(item.Index, item.Round, run));
        }

        if (stopping.IsCancellationRequested)
        {
            return ItemAttempt.GivenUp;
        }

        return run.LeaseUntil > time.GetUtcNow()
            ? new ItemAttempt(null, run.LeaseUntil)
            : await HandOverAsync(item, run, stopping);
    }

    /// <summary>The run's own orchestration tries again, and ends it as failed after the last attempt.</summary>
    private Task<ItemAttempt> HandOverAsync(BatchItem item, RunHead run, Exception failure, CancellationToken stopping)
    {
        LogFailed(run.Id, failure.GetType().FullName);
        return HandOverAsync(item, run, stopping);
    }

    private async Task<ItemAttempt> HandOverAsync(BatchItem item, RunHead run, CancellationToken stopping)
    {
        // First the driver, then the item says that it has one: after a crash between the two it is handed over once more.
        await scheduler.ScheduleAsync(run.Driver, new RunReference(run.Caller.Owner.Partition, run.Id), stopping);
        return new ItemAttempt(new BatchItemResult(item.Index, item.Round, BatchItemState.HandedOver));
    }

    [LoggerMessage(1303, LogLevel.Warning, "Run {RunId} of a batch could not be driven in place and goes on by itself ({ExceptionType})")]
    private partial void LogFailed(string runId, string? exceptionType);
}
