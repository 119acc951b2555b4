using Microsoft.Extensions.AI;

namespace Yggdrasil.Providers;

/// <summary>A stream of updates under way, with a bound on the silence between two of them.</summary>
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

    /// <summary>False once the stream has ended.</summary>
    public bool HasCurrent { get; private set; }

    public ChatResponseUpdate Current => _updates.Current;

    /// <summary>Waits for the first update, as long as <paramref name="attemptToken"/> allows.</summary>
    public async Task StartAsync(CancellationToken attemptToken)
    {
        await using (attemptToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _ended))
        {
            HasCurrent = await _updates.MoveNextAsync();
        }
    }

    /// <summary>Waits for the next update.</summary>
    /// <exception cref="ProviderException"><c>provider_timeout</c> when none came within the provider's timeout.</exception>
    public async Task MoveNextAsync()
    {
        _silence.CancelAfter(_resilience.Timeout);
        try
        {
            HasCurrent = await _updates.MoveNextAsync();
        }
        catch (OperationCanceledException exception) when (!_callerToken.IsCancellationRequested)
        {
            throw ProviderFailures.FromException(_resilience.Provider, exception);
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
