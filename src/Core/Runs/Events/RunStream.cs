using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Events;

/// <summary>
/// The live events of one driver of a run: told to readers of this process as they happen and, for a run that streams,
/// written down for those of others a moment later.
/// </summary>
/// <remarks>
/// Writing never holds up the run, and what cannot be written is not the run's failure: the committed step says it all
/// again. What was not written when the turn was over is not written any more.
/// </remarks>
internal sealed partial class RunStream : ILiveEvents, IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>For what is left to do with storage when the driver is done.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly RunStreams _streams;
    private readonly DeltaLog? _log;
    private readonly string _partition;
    private readonly Func<long> _position;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly List<LiveEvent> _unwritten = [];
    private readonly Channel<bool> _added = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _disposed = new();
    private readonly Task _writing;
    private long _sequence;

    /// <param name="log">Null for a run that does not stream: who reads it elsewhere has to do with its committed steps.</param>
    public RunStream(RunStreams streams, DeltaLog? log, Run run, Func<long> position, TimeProvider time, ILogger logger)
    {
        (_streams, _log, _position, _time, _logger) = (streams, log, position, time, logger);
        (RunId, Epoch, _partition) = (run.Id, run.Epoch, run.Caller.Owner.Partition);
        _writing = log is null ? Task.CompletedTask : WriteAsync(log);
    }

    public string RunId { get; }

    public int Epoch { get; }

    /// <summary>The events of the turn in flight that still hold. For <see cref="RunStreams"/>, which lets one in at a time.</summary>
    internal List<LiveEvent> Current { get; } = [];

    public void Said(int turn, string text) => Tell(LiveKind.Text, turn, live => live with { Text = text });

    public void Restarted(int turn) => Tell(LiveKind.Restarted, turn, live => live);

    public void ToolStarted(int turn, string callId, string tool) =>
        Tell(LiveKind.ToolStarted, turn, live => live with { CallId = callId, Tool = tool });

    /// <summary>The driver is done. What was written goes if the run has ended.</summary>
    public async Task CloseAsync(bool hasEnded)
    {
        await DisposeAsync();
        if (!hasEnded || _log is null)
        {
            return;
        }

        using var patience = new CancellationTokenSource(Patience, _time);
        try
        {
            await _log.DeleteAsync(_partition, RunId, patience.Token);
        }
        catch (Exception failure)
        {
            // The run has ended well; the sweep of orphaned blobs finds this one.
            LogNotDeleted(RunId, failure.GetType().Name);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _streams.Close(this);
        await _disposed.CancelAsync();
        await _writing;
        _disposed.Dispose();
    }

    private void Tell(LiveKind kind, int turn, Func<LiveEvent, LiveEvent> complete)
    {
        _streams.Tell(this, () =>
        {
            var live = complete(new LiveEvent { Epoch = Epoch, Sequence = ++_sequence, Position = _position(), Kind = kind, Turn = turn });
            Current.RemoveAll(earlier => earlier.Turn != turn || (kind == LiveKind.Restarted && earlier.Kind == LiveKind.Text));
            Current.Add(live);
            Write(live);
            return live;
        });
    }

    private void Write(LiveEvent live)
    {
        if (_log is null)
        {
            return;
        }

        lock (_gate)
        {
            _unwritten.RemoveAll(earlier => earlier.Turn != live.Turn);
            _unwritten.Add(live);
        }

        _added.Writer.TryWrite(true);
    }

    private async Task WriteAsync(DeltaLog log)
    {
        try
        {
            while (true)
            {
                await _added.Reader.ReadAsync(_disposed.Token);
                while (Unwritten() is { Count: > 0 } events)
                {
                    if (!await TryWriteAsync(log, events))
                    {
                        return;
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_disposed.IsCancellationRequested)
        {
            // The driver is done.
        }
    }

    private List<LiveEvent> Unwritten()
    {
        lock (_gate)
        {
            return [.. _unwritten];
        }
    }

    /// <returns>Whether to go on writing.</returns>
    private async Task<bool> TryWriteAsync(DeltaLog log, List<LiveEvent> events)
    {
        try
        {
            if (!await log.AppendAsync(_partition, RunId, events, _disposed.Token))
            {
                return false;
            }

            lock (_gate)
            {
                _unwritten.RemoveAll(live => live.Sequence <= events[^1].Sequence);
            }
        }
        catch (Exception failure) when (!_disposed.IsCancellationRequested)
        {
            // Whatever storage and its client throw: the next attempt takes these along.
            LogNotWritten(RunId, failure.GetType().Name);
            await Task.Delay(Pause, _time, _disposed.Token);
        }

        return true;
    }

    [LoggerMessage(1033, LogLevel.Warning, "Run {RunId}: deltas could not be written ({ExceptionType})")]
    private partial void LogNotWritten(string runId, string exceptionType);

    [LoggerMessage(1034, LogLevel.Warning, "Run {RunId}: its log of deltas could not be deleted ({ExceptionType})")]
    private partial void LogNotDeleted(string runId, string exceptionType);
}
