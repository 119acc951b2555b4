using System.Collections.Concurrent;
using Polly;
using Polly.CircuitBreaker;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Models.State;

/// <summary>Owners whose calls of one provider took too long: each has a breaker of its own, and weighs once on the provider's.</summary>
/// <remarks>
/// A prompt can be slow because it is long, which says nothing of the provider. So of one owner's timeouts one within
/// <see cref="ProviderOptions.BreakerSeconds"/> counts against the provider, and all count against the owner: the same numbers open
/// the owner's breaker, which refuses the owner's calls alone. A breaker is made with an owner's first timeout and forgotten once
/// it is closed and old.
/// </remarks>
internal sealed class SlowOwners(ProviderOptions options, TimeProvider time)
{
    /// <summary>Beyond so many, those that are closed and old are looked for.</summary>
    private const int ManyOwners = 1000;

    private readonly ConcurrentDictionary<string, SlowOwner> _owners = new();

    /// <summary>Whether a failure says that the call took too long, rather than that the provider is broken.</summary>
    public static bool IsSlow(Exception? failure) =>
        failure is OperationCanceledException or ProviderException { Code: ProviderException.Timeout };

    /// <summary>The breaker of an owner that was slow lately; null of any other.</summary>
    public SlowOwner? Find(string? owner) => owner is { Length: > 0 } && _owners.TryGetValue(owner, out var found) ? found : null;

    /// <summary>Notes a timeout.</summary>
    /// <returns>Whether it weighs on the provider's breaker.</returns>
    public bool Note(string? owner)
    {
        if (owner is not { Length: > 0 })
        {
            return true;
        }

        if (_owners.Count >= ManyOwners)
        {
            ForgetOld();
        }

        return _owners.GetOrAdd(owner, _ => new SlowOwner(options, time)).Weighs();
    }

    private void ForgetOld()
    {
        foreach (var (owner, slow) in _owners)
        {
            if (slow.IsOld)
            {
                _owners.TryRemove(owner, out _);
            }
        }
    }

    internal sealed class SlowOwner
    {
        private readonly CircuitBreakerStateProvider _state = new();
        private readonly TimeProvider _time;
        private readonly TimeSpan _window;
        private readonly Lock _lock = new();
        private long? _weighedAt;
        private long _openUntil;

        public SlowOwner(ProviderOptions options, TimeProvider time)
        {
            (_time, _window) = (time, options.BreakDuration);
            Pipeline = new ResiliencePipelineBuilder { Name = "owner", TimeProvider = time }
                .AddCircuitBreaker(new CircuitBreakerStrategyOptions
                {
                    FailureRatio = 0.5,
                    MinimumThroughput = options.BreakerFailures,
                    SamplingDuration = options.BreakDuration,
                    BreakDuration = options.BreakDuration,
                    StateProvider = _state,
                    ShouldHandle = arguments => ValueTask.FromResult(IsSlow(arguments.Outcome.Exception)),
                    OnOpened = arguments =>
                    {
                        Volatile.Write(ref _openUntil, (time.GetUtcNow() + arguments.BreakDuration).UtcTicks);
                        return ValueTask.CompletedTask;
                    },
                })
                .Build();
        }

        public ResiliencePipeline Pipeline { get; }

        /// <summary>Whether a call of the owner would be refused now.</summary>
        public bool Refuses => _state.CircuitState == CircuitState.Open && _time.GetUtcNow().UtcTicks < Volatile.Read(ref _openUntil);

        public bool IsOld
        {
            get
            {
                lock (_lock)
                {
                    return _state.CircuitState == CircuitState.Closed && (_weighedAt is not { } at || _time.GetElapsedTime(at) > _window);
                }
            }
        }

        public bool Weighs()
        {
            lock (_lock)
            {
                if (_weighedAt is { } at && _time.GetElapsedTime(at) < _window)
                {
                    return false;
                }

                _weighedAt = _time.GetTimestamp();
                return true;
            }
        }
    }
}
