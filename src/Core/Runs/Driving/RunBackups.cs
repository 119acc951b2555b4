using System.Threading.Channels;
using Azure;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Runs.Driving;

/// <summary>Messages that give a run another driver when the request that drives it dies.</summary>
/// <remarks>
/// <code>
///   put, unseen for a lease ──► start committed ──► run ended or handed over ──► taken back
///                  │
///                  └─ comes up ──► no run?        again, until no write of the start can arrive
///                                  held?          again, when the lease ends
///                                  ended?         who waits for its end is told
///                                  goes on?       its orchestration is scheduled
/// </code>
/// A run that ends in its request makes no request of the orchestrations' backend. A message that could not be taken back finds nothing
/// to do. One that fails is put again, so that no outage uses up its deliveries; where even that fails, the host moves it to
/// <see cref="Poison"/>, which is read in the same way and has no last delivery.
/// </remarks>
public sealed partial class RunBackups : BackgroundService
{
    /// <summary>Where messages come up.</summary>
    public const string Queue = "run-backups";

    /// <summary>Where the host moves a message whose deliveries all failed.</summary>
    public const string Poison = "run-backups-poison";

    /// <summary>More than requests wait for at once; what does not fit comes up and finds nothing to do.</summary>
    private const int MaxReturns = 10_000;

    private const int ReturnsAtOnce = 8;

    /// <summary>After the end of a lease: clocks differ, and who drives gets to its renewal first.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ReturnPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly StorageClients _storage;
    private readonly RunStore _store;
    private readonly RunEndings _endings;
    private readonly StartRecovery _recovery;
    private readonly RunOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<RunBackups> _logger;
    private readonly Channel<BackupReceipt> _returns = Channel.CreateBounded<BackupReceipt>(
        new BoundedChannelOptions(MaxReturns) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    internal RunBackups(
        StorageClients storage, RunStore store, RunEndings endings, StartRecovery recovery, RunOptions options, TimeProvider time,
        ILogger<RunBackups> logger)
    {
        (_storage, _store, _endings, _recovery) = (storage, store, endings, recovery);
        (_options, _time, _logger) = (options, time, logger);
    }

    /// <summary>Puts the message of a run that is about to be started and driven by its request.</summary>
    internal Task<BackupReceipt> PutAsync(RunReference run, CancellationToken cancellationToken) =>
        PutAsync(new RunBackup(run.Partition, run.RunId, _time.GetUtcNow()), _options.Lease + Margin, cancellationToken);

    /// <summary>Has a message taken back whose run needs it no more. Does not wait for it.</summary>
    internal void TakeBack(BackupReceipt receipt) => _returns.Writer.TryWrite(receipt);

    /// <summary>Does what is to be done for a run whose message has come up.</summary>
    public async Task LookAsync(RunBackup backup, CancellationToken cancellationToken)
    {
        TimeSpan? again;
        try
        {
            again = await SeeToAsync(backup, cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(backup.RunId, failure.GetType().FullName);
            again = PauseAfter(_time.GetUtcNow() - backup.Since);
        }

        if (again is { } delay)
        {
            // First the new one, then the host deletes this one: a crash between the two leaves both.
            await PutAsync(backup, delay, cancellationToken);
        }
    }

    /// <returns>When to look again; null when nothing is left to do.</returns>
    internal async Task<TimeSpan?> SeeToAsync(RunBackup backup, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var reference = new RunReference(backup.Partition, backup.RunId);
        if (await _store.FindHeadAsync(reference.Partition, reference.RunId, cancellationToken) is not { } run)
        {
            return now - backup.Since < LateStarts.Patience ? PauseAfter(now - backup.Since) : null;
        }

        if (run.IsTerminal)
        {
            await _endings.AnnounceAsync(reference, SliceOutcome.Ended(run), cancellationToken);
            return null;
        }

        if (run.LeaseUntil > now)
        {
            // Any other driver is an orchestration, which was scheduled before it was named.
            return IsOf(run) ? run.LeaseUntil - now + Margin : null;
        }

        await _recovery.EnsureDrivenAsync(run, cancellationToken);
        return null;
    }

    /// <summary>Whether a run's driver is still its request, or the orchestration that a message schedules in its place.</summary>
    internal static bool IsOf(RunHead run) => run.Driver == Ids.Driver(run.Id, afterEpoch: 1);

    /// <summary>Pauses grow with what has passed.</summary>
    private static TimeSpan PauseAfter(TimeSpan passed) => TimeSpan.FromTicks(Math.Clamp(passed.Ticks / 3, ShortestPause.Ticks, LongestPause.Ticks));

    private async Task<BackupReceipt> PutAsync(RunBackup backup, TimeSpan delay, CancellationToken cancellationToken)
    {
        var queue = await _storage.GetQueueAsync(Queue, cancellationToken);

        // Queues count whole seconds, and by default forget a message after a week.
        var sent = await queue.SendMessageAsync(
            backup.ToBody(),
            visibilityTimeout: TimeSpan.FromSeconds(Math.Ceiling(delay.TotalSeconds)),
            timeToLive: TimeSpan.FromSeconds(-1),
            cancellationToken: cancellationToken);
        return new BackupReceipt(sent.Value.MessageId, sent.Value.PopReceipt);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Parallel.ForEachAsync(
        _returns.Reader.ReadAllAsync(stoppingToken),
        new ParallelOptions { MaxDegreeOfParallelism = ReturnsAtOnce, CancellationToken = stoppingToken },
        async (receipt, token) => await ReturnAsync(receipt, token));

    private async Task ReturnAsync(BackupReceipt receipt, CancellationToken stopping)
    {
        using var patience = new CancellationTokenSource(ReturnPatience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping);
        try
        {
            var queue = await _storage.GetQueueAsync(Queue, either.Token);
            await queue.DeleteMessageAsync(receipt.MessageId, receipt.PopReceipt, either.Token);
        }
        catch (RequestFailedException gone) when (gone.Status is NotFound or BadRequest)
        {
            // It came up meanwhile, and is somebody else's or done with.
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            LogNotTakenBack(receipt.MessageId, failure.GetType().FullName);
        }
    }

    [LoggerMessage(1023, LogLevel.Warning, "Run {RunId}: whether it needs a driver could not be found out ({ExceptionType}) and is looked at again")]
    private partial void LogFailed(string runId, string? exceptionType);

    [LoggerMessage(1024, LogLevel.Information, "Message {MessageId} of a run that has ended could not be taken back ({ExceptionType}) and will find nothing to do")]
    private partial void LogNotTakenBack(string messageId, string? exceptionType);
}

/// <summary>What takes a message back before it comes up.</summary>
internal readonly record struct BackupReceipt(string MessageId, string PopReceipt);
