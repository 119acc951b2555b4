using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage.Due;

namespace Yggdrasil.Runs.Driving;

/// <summary>Writes down starts whose outcome is not known: storage may carry out what its caller has given up.</summary>
/// <remarks>
/// Their orchestrations look for them for ten minutes, also when this process dies before it has written anything. What is written down
/// is for what comes later than that, and for orchestrations that are lost: the timer looks at it for a day.
/// </remarks>
internal sealed partial class LostStarts(DueStore due, TimeProvider time, ILogger<LostStarts> logger) : BackgroundService
{
    /// <summary>More than can fail at once: each has a request that waits for it.</summary>
    private const int MaxWaiting = 10_000;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Channel<RunReference> _lost = Channel.CreateBounded<RunReference>(
        new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Has starts written down as soon as storage answers. Does not wait for it.</summary>
    public void Note(string partition, IEnumerable<string> runIds)
    {
        foreach (var id in runIds)
        {
            LogLost(id);
            _lost.Writer.TryWrite(new RunReference(partition, id));
        }
    }

    /// <summary>Where it is written down that a start is to be looked at.</summary>
    public static DueItem DueOf(RunReference run, DateOnly lookOn) => new(lookOn, DueKind.Start, run.Partition, run.RunId);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var run in _lost.Reader.ReadAllAsync(stoppingToken))
        {
            for (var pause = FirstPause; !await TryWriteAsync(run, stoppingToken); pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
            {
                await Task.Delay(pause, time, stoppingToken);
            }
        }
    }

    private async Task<bool> TryWriteAsync(RunReference run, CancellationToken cancellationToken)
    {
        try
        {
            await due.AddAsync(DueOf(run, DueItem.DayOf(time.GetUtcNow())), cancellationToken);
            return true;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotWritten(run.RunId, failure.GetType().FullName);
            return false;
        }
    }

    [LoggerMessage(1021, LogLevel.Warning, "Run {RunId}: whether it was started is not known; it is looked for")]
    private partial void LogLost(string runId);

    [LoggerMessage(1022, LogLevel.Warning, "Run {RunId}: that it is to be looked for could not be written down ({ExceptionType}) and is tried again")]
    private partial void LogNotWritten(string runId, string? exceptionType);
}
