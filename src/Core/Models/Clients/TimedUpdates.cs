using Microsoft.Extensions.AI;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Transport;
using Yggdrasil.Models.Wire;

namespace Yggdrasil.Models.Clients;

/// <summary>A stream of updates under way, with bounds on silence and on the whole.</summary>
/// <remarks>
/// <code>
///   sent ──silence──► first byte ──silence──► first token ──silence──► … ──► end
///        patience               FirstTokenSeconds         TimeoutSeconds
///   └────────────────────────────── StreamSeconds ──────────────────────────┘
/// </code>
/// Silence is the time without a byte: a comment that keeps the connection alive ends it as well as a word, or a thought, of the model.
/// <para>It has a token of its own: the one of the attempt that opened it belongs to Polly, which takes it back when the
/// attempt has succeeded, long before the stream ends.</para>
/// </remarks>
internal sealed class TimedUpdates : IAsyncDisposable
{
    private readonly ProviderResilience _resilience;
    private readonly CancellationToken _callerToken;
    private readonly bool _countsBreaks;
    private readonly WireCall _call;
    private readonly CancellationTokenSource _silence;
    private readonly CancellationTokenSource _ended;
    private readonly IAsyncEnumerator<ChatResponseUpdate> _updates;
    private readonly List<ChatResponseUpdate> _beginning = [];
    private readonly long _sent;
    private TimeSpan _bound;
    private bool _waits;

    /// <param name="patience">How long the first byte may take.</param>
    /// <param name="countsBreaks">Whether nobody else tells the breaker of a stream that breaks after its first token.</param>
    /// <param name="callerToken">Ends the stream at once.</param>
    public TimedUpdates(
        Func<CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> open,
        ProviderResilience resilience,
        TimeSpan patience,
        bool countsBreaks,
        CancellationToken callerToken)
    {
        (_resilience, _callerToken, _countsBreaks) = (resilience, callerToken, countsBreaks);
        var firstToken = resilience.Options.FirstTokenTimeout;
        _bound = patience < firstToken ? patience : firstToken;
        _call = new WireCall(Alive);
        _sent = resilience.Time.GetTimestamp();
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

    private TimeSpan Left => _resilience.Options.StreamTimeout - _resilience.Time.GetElapsedTime(_sent);

    /// <summary>Waits for the first token, as long as <paramref name="attemptToken"/> and the provider's settings allow.</summary>
    /// <exception cref="ProviderException"><c>provider_timeout</c> when none came in time.</exception>
    public async Task StartAsync(CancellationToken attemptToken)
    {
        WireCall.Current = _call;
        await using (attemptToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _ended))
        {
            try
            {
                while (await AdvanceAsync())
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
                throw Silent(exception);
            }
        }

        _bound = _resilience.Options.Timeout;
    }

    /// <summary>Waits for the next update.</summary>
    /// <returns>False once the stream has ended.</returns>
    /// <exception cref="ProviderException"><c>provider_timeout</c> when none came within the provider's timeout, or the whole
    /// stream takes too long; otherwise what the stream broke of.</exception>
    public async ValueTask<bool> MoveNextAsync()
    {
        try
        {
            return await AdvanceAsync();
        }
        catch (ProviderException failure)
        {
            await CountAsync(failure);
            throw;
        }
        catch (OperationCanceledException exception) when (!_callerToken.IsCancellationRequested)
        {
            var failure = Silent(exception);
            await CountAsync(failure);
            throw failure;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _updates.DisposeAsync();
        _ended.Dispose();
        _silence.Dispose();
    }

    private async ValueTask<bool> AdvanceAsync()
    {
        RequireTime();
        var next = _updates.MoveNextAsync();
        if (!next.IsCompleted)
        {
            Arm();
        }

        try
        {
            if (!await next)
            {
                return false;
            }

            FinishedAnswer.Mend(_updates.Current, _call);
            return true;
        }
        finally
        {
            // A slow reader is not a silent provider: the clock stands still while the update is out.
            if (_waits)
            {
                _waits = false;
                _silence.CancelAfter(Timeout.InfiniteTimeSpan);
            }
        }
    }

    private TimeSpan RequireTime() => Left is var left && left > TimeSpan.Zero ? left : throw ProviderFailures.EndlessStream(_resilience.Options);

    private void Arm()
    {
        var left = RequireTime();
        _waits = true;
        _silence.CancelAfter(left < _bound ? left : _bound);
    }

    private void Alive()
    {
        // Until here it was the patience of the call, for all its attempts together.
        if (_beginning.Count == 0)
        {
            _bound = _resilience.Options.FirstTokenTimeout;
        }

        if (_waits)
        {
            Arm();
        }
    }

    private ProviderException Silent(Exception exception) => Left <= TimeSpan.Zero
        ? ProviderFailures.EndlessStream(_resilience.Options)
        : ProviderFailures.FromException(_resilience.Options.Name, exception);

    private async ValueTask CountAsync(ProviderException failure)
    {
        if (_countsBreaks)
        {
            await _resilience.Breaker.CountAsync(failure);
        }
    }
}
