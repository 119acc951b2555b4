using Microsoft.Extensions.Logging;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Users;

namespace Yggdrasil.Runs.Loop;

/// <summary>
/// Looks, while a slice is at work, whether its run is to be cancelled, so that a call in flight need not end first:
/// at once when the request comes to this instance, within a second when it comes to another. And whether its user has been
/// disabled: then the slice ends after the step in flight.
/// </summary>
internal sealed partial class CancelWatch : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly RunStore _store;
    private readonly DisabledUsers _disabled;
    private readonly RunReference _run;
    private readonly RunSignal _signal;
    private readonly Slice _slice;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _disposed = new();
    private readonly Task _watching;

    public CancelWatch(
        RunStore store, DisabledUsers disabled, RunReference run, RunSignals signals, Slice slice, TimeProvider time, ILogger logger)
    {
        (_store, _disabled, _run, _slice, _time, _logger) = (store, disabled, run, slice, time, logger);
        _signal = signals.Subscribe(run.RunId);
        _watching = WatchAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _signal.Dispose();
        _disposed.Dispose();
    }

    private async Task WatchAsync()
    {
        var owner = Owner.OfPartition(_run.Partition);
        while (!_slice.IsCancelled)
        {
            await _signal.WaitAsync(Interval, _time, _disposed.Token);
            try
            {
                if (await _store.IsToStopAsync(_run.Partition, _run.RunId, _disposed.Token))
                {
                    _slice.Cancel();
                }
                else if (await _disabled.ContainsAsync(owner, _disposed.Token))
                {
                    _slice.Yield();
                }
            }
            catch (Exception failure) when (!_disposed.IsCancellationRequested)
            {
                // Whatever storage and its client throw: the next look may succeed, and every commit reads the flag too.
                LogNotSeen(_run.RunId, failure.GetType().FullName);
            }
        }
    }

    [LoggerMessage(1005, LogLevel.Warning, "Run {RunId}: whether it is to be cancelled could not be read ({ExceptionType})")]
    private partial void LogNotSeen(string runId, string? exceptionType);
}
