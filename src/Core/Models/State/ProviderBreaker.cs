using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using Polly.Telemetry;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Models.State;

/// <summary>One provider's breaker: Polly's, for what this instance meets, behind what other instances have met.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>It opens when at least half of the attempts within <see cref="ProviderOptions.BreakerSeconds"/> failed, and at
/// least <see cref="ProviderOptions.BreakerFailures"/> were made; it refuses calls for the same time, then lets exactly one
/// through, whose success closes it.</item>
/// <item>Attempts count that failed in a way worth repeating, that the timeout ended, or whose stream broke. A caller who
/// leaves is no failure of the provider, and neither is a request it refuses: no caller can open the breaker for the
/// others. But a caller who leaves as the one let through has proved nothing, so the breaker stays open.</item>
/// <item>Of the timeouts of one owner one counts within <see cref="ProviderOptions.BreakerSeconds"/>, so no user's slow prompts open it
/// for the others. All of them count against the owner alone (<see cref="SlowOwners"/>).</item>
/// <item>An open breaker of another instance is followed without any failure here.</item>
/// </list>
/// </remarks>
internal sealed partial class ProviderBreaker
{
    private static readonly ResiliencePropertyKey<CancellationToken> CallerTokenKey = new("yggdrasil.caller");

    // A row that was written by a clock gone wrong must not shut a provider off for good. The longest BreakerSeconds.
    private static readonly TimeSpan LongestBreak = TimeSpan.FromHours(1);

    private readonly ProviderOptions _options;
    private readonly ProviderStates _states;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CircuitBreakerStateProvider _own = new();
    private readonly CircuitBreakerManualControl _control = new();
    private readonly AdoptedBreak _adopted;
    private readonly ResiliencePipeline _ownPipeline;
    private readonly SlowOwners _slow;
    private long _openedAt;
    private long _openUntil;

    public ProviderBreaker(
        ProviderOptions options, ProviderStates states, TelemetryListener telemetry, TimeProvider time, ILogger<ProviderBreaker> logger)
    {
        (_options, _states, _time, _logger) = (options, states, time, logger);
        _slow = new SlowOwners(options, time);
        _ownPipeline = new ResiliencePipelineBuilder { Name = "breaker", TimeProvider = time, TelemetryListener = telemetry }
            .AddCircuitBreaker(OwnBreaker())
            .Build();
        _adopted = new AdoptedBreak(options.BreakDuration, time, IsProvidersFault)
        {
            Probing = () => Tell(BreakerState.HalfOpen),
            Failed = (until, failure) => TellOpen(until, ReasonOf(failure)),
            Succeeded = () => Tell(BreakerState.Closed),
        };
        Pipeline = new ResiliencePipelineBuilder { Name = "breakers", TimeProvider = time }
            .AddStrategy(_ => _adopted, new AdoptedBreakOptions())
            .AddStrategy(_ => new Counting(this), new CountingOptions())
            .Build();
    }

    /// <summary>What every attempt goes through; its context must know the caller, <see cref="SetCaller"/>.</summary>
    public ResiliencePipeline Pipeline { get; }

    /// <summary>Whether a call of the current caller would be refused now: one that would have to wait need not.</summary>
    public bool Refuses => _adopted.Refuses || _slow.Find(Owner) is { Refuses: true } || _own.CircuitState switch
    {
        CircuitState.Open => _time.GetUtcNow().UtcTicks < Volatile.Read(ref _openUntil),
        CircuitState.HalfOpen => true,
        _ => false,
    };

    private static string? Owner => ModelCaller.Current?.Owner;

    public static void SetCaller(ResilienceContext context) => context.Properties.Set(CallerTokenKey, context.CancellationToken);

    /// <summary>Counts a failure that came after its attempt had succeeded: a stream that broke.</summary>
    public async ValueTask CountAsync(ProviderException failure)
    {
        var outcome = Outcome.FromException<object>(failure);
        await (SlowOwners.IsSlow(failure) ? CountSlowAsync(outcome) : CountAsync(outcome, _ownPipeline));
    }

    /// <summary>Does what another instance has found out.</summary>
    public async ValueTask FollowAsync(ProviderState state)
    {
        var now = _time.GetUtcNow();
        switch (state.Breaker)
        {
            case BreakerState.Open when state.Until > now:
                _adopted.Adopt(state.Until < now + LongestBreak ? state.Until : now + LongestBreak);
                LogAdopted(state.Provider, state.By, state.Reason, state.Until - now);
                break;
            case BreakerState.HalfOpen when _own.CircuitState == CircuitState.Open:
                // Polly's breaker cannot be told to let one through before its time: the other one does that in its place.
                _adopted.Adopt(state.Until);
                await _control.CloseAsync(CancellationToken.None);
                break;
            case BreakerState.HalfOpen:
                _adopted.Shorten(state.Until);
                break;
            case BreakerState.Closed:
                _adopted.End();
                if (_own.CircuitState != CircuitState.Closed && state.Since.UtcTicks > Volatile.Read(ref _openedAt))
                {
                    await _control.CloseAsync(CancellationToken.None);
                }

                break;
        }
    }

    /// <summary>Makes the attempt, unless a breaker refuses it, and counts how it ended.</summary>
    private async ValueTask<Outcome<TResult>> ExecuteAsync<TResult, TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<TResult>>> callback, ResilienceContext context, TState state)
    {
        if (_own.CircuitState != CircuitState.Closed)
        {
            return await _ownPipeline.ExecuteOutcomeAsync(callback, context, state);
        }

        if (_slow.Find(Owner) is { Refuses: true } owner)
        {
            return await owner.Pipeline.ExecuteOutcomeAsync(callback, context, state);
        }

        // Counted afterwards: Polly takes what it is not to handle for a success, and a timeout that does not weigh is neither.
        var outcome = await callback(context, state);
        if (IsProvidersFault(context, outcome.Exception) && SlowOwners.IsSlow(outcome.Exception))
        {
            await CountSlowAsync(outcome);
        }
        else if (outcome.Exception is not OperationCanceledException)
        {
            await CountAsync(outcome, _ownPipeline);
        }

        return outcome;
    }

    private async ValueTask CountSlowAsync<TResult>(Outcome<TResult> outcome)
    {
        var weighs = _slow.Note(Owner);
        if (_slow.Find(Owner) is { } owner)
        {
            await CountAsync(outcome, owner.Pipeline);
        }

        if (weighs)
        {
            await CountAsync(outcome, _ownPipeline);
        }
    }

    /// <remarks>In a context of its own: Polly does nothing in one whose token a timeout has cancelled.</remarks>
    private static async ValueTask CountAsync<TResult>(Outcome<TResult> outcome, ResiliencePipeline pipeline)
    {
        var context = ResilienceContextPool.Shared.Get(CancellationToken.None);
        try
        {
            await pipeline.ExecuteOutcomeAsync(static (_, met) => ValueTask.FromResult(met), context, outcome);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private CircuitBreakerStrategyOptions OwnBreaker() => new()
    {
        FailureRatio = 0.5,
        MinimumThroughput = _options.BreakerFailures,
        SamplingDuration = _options.BreakDuration,
        BreakDuration = _options.BreakDuration,
        StateProvider = _own,
        ManualControl = _control,
        ShouldHandle = arguments => ValueTask.FromResult(IsProvidersFault(arguments.Context, arguments.Outcome.Exception)
            || (arguments.Outcome.Exception is OperationCanceledException && _own.CircuitState == CircuitState.HalfOpen)),
        OnOpened = arguments =>
        {
            var until = _time.GetUtcNow() + arguments.BreakDuration;
            Volatile.Write(ref _openedAt, _time.GetUtcNow().UtcTicks);
            Volatile.Write(ref _openUntil, until.UtcTicks);
            TellOpen(until, ReasonOf(arguments.Outcome.Exception));
            return ValueTask.CompletedTask;
        },
        OnHalfOpened = _ =>
        {
            Tell(BreakerState.HalfOpen);
            return ValueTask.CompletedTask;
        },
        OnClosed = arguments =>
        {
            // By hand means because another instance told.
            if (!arguments.IsManual)
            {
                Tell(BreakerState.Closed);
            }

            return ValueTask.CompletedTask;
        },
    };

    private static bool IsProvidersFault(ResilienceContext context, Exception? exception) => exception switch
    {
        ProviderException failure => failure is { Failure: FailureClass.RetrySame, IsModelsSlip: false },
        OperationCanceledException =>
            !context.Properties.GetValue(CallerTokenKey, CancellationToken.None).IsCancellationRequested,
        _ => false,
    };

    /// <summary>The code of what opened the breaker. What is no failure yet is the attempt that the timeout ends.</summary>
    private static string ReasonOf(Exception? failure) => failure is ProviderException classified ? classified.Code : "provider_timeout";

    private void TellOpen(DateTimeOffset until, string reason)
    {
        var now = _time.GetUtcNow();
        _states.Note(_options.Name, BreakerState.Open, now, until, reason);
        LogOpen(_options.Name, reason, until - now);
    }

    private void Tell(BreakerState state)
    {
        var now = _time.GetUtcNow();
        _states.Note(_options.Name, state, now, now, state == BreakerState.Closed ? "" : _states.Find(_options.Name)?.Reason ?? "");
        LogState(_options.Name, state);
    }

    [LoggerMessage(6001, LogLevel.Warning, "Provider {Provider} failed repeatedly ({Code}) and is left alone for {Duration}")]
    private partial void LogOpen(string provider, string code, TimeSpan duration);

    [LoggerMessage(6002, LogLevel.Information, "Provider {Provider}: breaker {State}")]
    private partial void LogState(string provider, BreakerState state);

    [LoggerMessage(6003, LogLevel.Warning, "Provider {Provider} is left alone for {Duration}: instance {Instance} met {Code}")]
    private partial void LogAdopted(string provider, string instance, string code, TimeSpan duration);

    private sealed class AdoptedBreakOptions : ResilienceStrategyOptions;

    private sealed class CountingOptions : ResilienceStrategyOptions;

    private sealed class Counting(ProviderBreaker breaker) : ResilienceStrategy
    {
        protected override ValueTask<Outcome<TResult>> ExecuteCore<TResult, TState>(
            Func<ResilienceContext, TState, ValueTask<Outcome<TResult>>> callback, ResilienceContext context, TState state) =>
            breaker.ExecuteAsync(callback, context, state);
    }
}
