using Yggdrasil.Identity;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Http.Reading;

/// <summary>Looks, while a stream is open, whether its reader has been disabled, or the reader's API key revoked: either is only checked when it begins.</summary>
internal sealed partial class CallerWatch : IAsyncDisposable
{
    /// <summary>As often as an open stream shows signs of life.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    private readonly DisabledUsers _disabled;
    private readonly Caller _reader;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _disposed = new();
    private readonly CancellationTokenSource _stop;
    private readonly Task _watching;

    /// <param name="stopping">Ends the stream too.</param>
    public CallerWatch(DisabledUsers disabled, Caller reader, TimeProvider time, ILogger logger, CancellationToken stopping)
    {
        (_disabled, _reader, _time, _logger) = (disabled, reader, time, logger);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Stop = _stop.Token;
        _watching = WatchAsync();
    }

    /// <summary>Cancelled when the stream is to end.</summary>
    public CancellationToken Stop { get; }

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _disposed.Dispose();
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(Interval, _time);
        while (await timer.WaitForNextTickAsync(_disposed.Token))
        {
            try
            {
                if (await _disabled.IsLockedOutAsync(_reader, _disposed.Token))
                {
                    await _stop.CancelAsync();
                    return;
                }
            }
            catch (Exception failure) when (!_disposed.IsCancellationRequested)
            {
                // The reader was let in; whoever comes anew while storage is away is not.
                LogNotSeen(failure.GetType().FullName);
            }
        }
    }

    [LoggerMessage(3062, LogLevel.Warning, "Whether the reader of a stream of events is disabled could not be read ({ExceptionType})")]
    private partial void LogNotSeen(string? exceptionType);
}
