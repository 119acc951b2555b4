using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Yggdrasil.Models.State;

/// <summary>
/// Tells the other instances what this one's breakers do, at once, and asks what theirs do, every 4 s: an open breaker is
/// known everywhere within 10 s, whatever one request of each kind takes.
/// </summary>
/// <remarks>Never in the way of a call: without storage each instance has its own breakers, and finds out for itself.</remarks>
internal sealed partial class ProviderStateSync(
    ProviderStates states, ProviderBreakers breakers, ProviderStateStore store, TimeProvider time, ILogger<ProviderStateSync> logger)
    : BackgroundService
{
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(4);

    private bool _storageAnswers = true;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host waits for whatever a service does before it first awaits.
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            await TryAsync(LearnAsync, stoppingToken);
            var learned = time.GetTimestamp();
            while (!stoppingToken.IsCancellationRequested && Interval - time.GetElapsedTime(learned) is var left && left > TimeSpan.Zero)
            {
                if (await AnythingToTellAsync(left, stoppingToken))
                {
                    await TryAsync(TellAsync, stoppingToken);
                }
            }
        }
    }

    /// <summary>Tells what there is to tell.</summary>
    internal async Task TellAsync(CancellationToken cancellationToken)
    {
        var untold = states.TakeUntold();
        for (var index = 0; index < untold.Count; index++)
        {
            try
            {
                await store.WriteAsync(untold[index], cancellationToken);
            }
            catch
            {
                foreach (var state in untold.Skip(index))
                {
                    states.PutBack(state);
                }

                throw;
            }
        }
    }

    /// <summary>Asks for the states of all providers, and has the breakers of this instance follow them.</summary>
    internal async Task LearnAsync(CancellationToken cancellationToken)
    {
        // What could not be told when it happened: without it, the table would contradict this instance.
        await TellAsync(cancellationToken);
        foreach (var (state, _) in await store.ReadAsync(cancellationToken))
        {
            if (states.Learn(state) && breakers.Find(state.Provider) is { } breaker)
            {
                await breaker.FollowAsync(state);
            }
        }
    }

    private async Task<bool> AnythingToTellAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(wait, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            return await states.Signal.ReadAsync(ended.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task TryAsync(Func<CancellationToken, Task> act, CancellationToken stoppingToken)
    {
        try
        {
            await act(stoppingToken);
            if (!_storageAnswers)
            {
                _storageAnswers = true;
                LogBack();
            }
        }
        catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
        {
            // Once for each outage, not every 4 s.
            if (_storageAnswers)
            {
                _storageAnswers = false;
                LogAlone(failure.GetType().FullName);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    [LoggerMessage(6020, LogLevel.Warning, "Provider states cannot be shared with other instances until storage answers ({ExceptionType})")]
    private partial void LogAlone(string? exceptionType);

    [LoggerMessage(6021, LogLevel.Information, "Provider states are shared with other instances again")]
    private partial void LogBack();
}
