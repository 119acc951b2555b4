using Polly;
using Polly.CircuitBreaker;

namespace Yggdrasil.Models.State;

/// <summary>
/// Refuses calls because another instance found the provider broken: until the time it said, and then all but one, until
/// that one has ended well.
/// </summary>
/// <remarks>Polly's breaker cannot be told to be open until a given time; this stands in front of it.</remarks>
/// <param name="duration">For how long it refuses again when the one call it let through failed.</param>
/// <param name="isFault">Whether an outcome speaks against the provider.</param>
internal sealed class AdoptedBreak(TimeSpan duration, TimeProvider time, Func<ResilienceContext, Exception?, bool> isFault)
    : ResilienceStrategy
{
    private Break? _current;

    /// <summary>Called with the end of the new break and the failure, when the one call failed.</summary>
    public Action<DateTimeOffset, Exception?>? Failed { get; init; }

    /// <summary>Called when the one call is let through.</summary>
    public Action? Probing { get; init; }

    /// <summary>Called when the one call succeeded.</summary>
    public Action? Succeeded { get; init; }

    /// <summary>Whether a call would be refused now.</summary>
    public bool Refuses => Volatile.Read(ref _current) is { } current && (time.GetUtcNow() < current.Until || current.IsProbing);

    public void Adopt(DateTimeOffset until) => Volatile.Write(ref _current, new Break(until));

    /// <summary>Lets the one call through from <paramref name="until"/> on, if there is a break that lasts longer.</summary>
    public void Shorten(DateTimeOffset until)
    {
        if (Volatile.Read(ref _current) is { } current && until < current.Until)
        {
            Interlocked.CompareExchange(ref _current, new Break(until), current);
        }
    }

    public void End() => Volatile.Write(ref _current, null);

    protected override ValueTask<Outcome<TResult>> ExecuteCore<TResult, TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<TResult>>> callback, ResilienceContext context, TState state)
    {
        if (Volatile.Read(ref _current) is not { } current)
        {
            return callback(context, state);
        }

        var left = current.Until - time.GetUtcNow();
        return left > TimeSpan.Zero || !current.TryProbe()
            ? ValueTask.FromResult(Outcome.FromException<TResult>(new BrokenCircuitException("Another instance found it broken.", left)))
            : ProbeAsync(callback, context, state, current);
    }

    private async ValueTask<Outcome<TResult>> ProbeAsync<TResult, TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<TResult>>> callback, ResilienceContext context, TState state, Break current)
    {
        Probing?.Invoke();
        try
        {
            var outcome = await callback(context, state);
            if (isFault(context, outcome.Exception))
            {
                var until = time.GetUtcNow() + duration;
                Interlocked.CompareExchange(ref _current, new Break(until), current);
                Failed?.Invoke(until, outcome.Exception);
            }
            else if (outcome.Exception is not (OperationCanceledException or BrokenCircuitException))
            {
                Interlocked.CompareExchange(ref _current, null, current);
                Succeeded?.Invoke();
            }

            return outcome;
        }
        finally
        {
            // A caller who left has proved nothing: the next call is the one.
            current.EndProbe();
        }
    }

    private sealed class Break(DateTimeOffset until)
    {
        private int _probing;

        public DateTimeOffset Until { get; } = until;

        public bool IsProbing => Volatile.Read(ref _probing) != 0;

        public bool TryProbe() => Interlocked.CompareExchange(ref _probing, 1, 0) == 0;

        public void EndProbe() => Volatile.Write(ref _probing, 0);
    }
}
