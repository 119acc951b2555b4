using Microsoft.Extensions.AI;

namespace Yggdrasil.Providers;

/// <summary>A stream of updates under way, with bounds on the wait for its first token, on the silence between two updates
/// and on the whole.</summary>
/// <remarks>
/// It has a token of its own: the one of the attempt that opened it belongs to Polly, which takes it back when the
/// attempt has succeeded, long before the stream ends.
/// </remarks>
internal sealed class TimedUpdates : IAsyncDisposable
{
    private readonly ProviderResilience _resilience;
    private readonly CancellationToken _callerToken;
    private readonly CancellationTokenSource _silence;
    private readonly CancellationTokenSource _ended;
    private readonly IAsyncEnumerator<ChatResponseUpdate> _updates;
    private readonly List<ChatResponseUpdate> _beginning = [];
    private long _began;

    public TimedUpdates(
        Func<CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> open,
        ProviderResilience resilience,
        CancellationToken callerToken)
    {
        _resilience = resilience;
        _callerToken = callerToken;
        _silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, resilience.Time);
        _ended = CancellationTokenSource.CreateLinkedTokenSource(callerToken, _silence.Token);
        _updates = open(_ended.Token).GetAsyncEnumerator(_ended.Token);
    }

    /// <summary>
    /// What came until the first token, and that: providers begin with an update that says nothing, long before the model
    /// has thought of something, and a failure in between can still be repeated unseen.
    /// </summary>
    public IReadOnlyList<ChatResponseUpdate> Beginning => _beginning;

    public ChatResponseUpdate Current => _updates.Current;

    /// <summary>Waits for the first token, as long as <paramref name="attemptToken"/> and the provider's settings allow.</summary>
    /// <exception cref="ProviderException"><c>provider_timeout</c> when none came in time.</exception>
    public async Task StartAsync(CancellationToken attemptToken)
    {
        await using (attemptToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _ended))
        {
            _silence.CancelAfter(_resilience.Options.FirstTokenTimeout);
            try
            {
                while (await _updates.MoveNextAsync())
                {
                    _beginning.Add(_updates.Current);
                    if (AnswerContent.IsToken(_updates.Current))
                    {
                        break;
                    }
                }
            }
            catch (OperationCanceledException exception) when (!_callerToken.IsCancellationRequested && !attemptToken.IsCancellationRequested)
            {
                throw ProviderFailures.FromException(_resilience.Options.Name, exception);
            }
            finally
            {
                _silence.CancelAfter(Timeout.InfiniteTimeSpan);
            }
        }

        _began = _resilience.Time.GetTimestamp();
    }

    /// <summary>Waits for the next update.</summary>
    /// <returns>False once the stream has ended.</returns>
    /// <exception cref="ProviderException"><c>provider_timeout</c> when none came within the provider's timeout, or the whole
    /// stream takes too long; otherwise what the stream broke of.</exception>
    public async ValueTask<bool> MoveNextAsync()
    {
        var left = _resilience.Options.StreamTimeout - _resilience.Time.GetElapsedTime(_began);
        if (left <= TimeSpan.Zero)
        {
            throw ProviderFailures.EndlessStream(_resilience.Options);
        }

        var timeout = _resilience.Options.Timeout;
        _silence.CancelAfter(left < timeout ? left : timeout);
        try
        {
            return await _updates.MoveNextAsync();
        }
        catch (ProviderException failure)
        {
            await _resilience.Breaker.CountAsync(failure);
            throw;
        }
        catch (OperationCanceledException exception) when (!_callerToken.IsCancellationRequested)
        {
            if (left < timeout)
            {
                throw ProviderFailures.EndlessStream(_resilience.Options);
            }

            var silent = ProviderFailures.FromException(_resilience.Options.Name, exception);
            await _resilience.Breaker.CountAsync(silent);
            throw silent;
        }
        finally
        {
            // A slow reader is not a silent provider: the clock stands still while the update is out.
            _silence.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _updates.DisposeAsync();
        _ended.Dispose();
        _silence.Dispose();
    }
}
