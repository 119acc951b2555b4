using Polly;
using Polly.Retry;
using Polly.Telemetry;
using Polly.Timeout;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.State;

namespace Yggdrasil.Models.Transport;

/// <summary>One provider's bounds, retries and breaker, in this order from the outside (design, section 6).</summary>
/// <remarks>
/// <list type="bullet">
/// <item><see cref="TimedUpdates"/> bounds each attempt's silence. Until a first byte has come the bound is
/// <see cref="ProviderOptions.TimeoutSeconds"/> for all attempts and the pauses between them together.</item>
/// <item>Only <see cref="FailureClass.RetrySame"/> is retried: exponentially, with jitter, or after the time the provider
/// asked for. A pause over 30 s, or beyond the timeout, is not taken: the next provider is asked instead, and where there is none the
/// failure says how long to wait.</item>
/// <item>What the breaker counts, <see cref="ProviderBreaker"/> says.</item>
/// </list>
/// </remarks>
internal sealed class ProviderResilience
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly ResiliencePropertyKey<long> StartedKey = new("yggdrasil.started");

    public ProviderResilience(ProviderOptions options, ProviderBreaker breaker, ProviderMetrics metrics, TimeProvider time)
    {
        Options = options;
        Breaker = breaker;
        Metrics = metrics;
        Time = time;
        Pipeline = Build(metrics.Listener(options.Name));
    }

    public ProviderOptions Options { get; }

    public ProviderBreaker Breaker { get; }

    public ProviderMetrics Metrics { get; }

    public TimeProvider Time { get; }

    public ResiliencePipeline Pipeline { get; }

    /// <summary>Notes in a fresh context whose call this is and when it began.</summary>
    public void Begin(ResilienceContext context)
    {
        context.Properties.Set(StartedKey, Time.GetTimestamp());
        ProviderBreaker.SetCaller(context);
    }

    /// <summary>How long the first byte of an attempt may take.</summary>
    public TimeSpan Patience(ResilienceContext context)
    {
        // An attempt after one that had worked for longer than that begins anew.
        var left = Options.Timeout - Elapsed(context);
        return left > TimeSpan.Zero ? left : Options.Timeout;
    }

    public TimeSpan Elapsed(ResilienceContext context) => Time.GetElapsedTime(context.Properties.GetValue(StartedKey, 0));

    /// <summary>The most that a call may take, whatever it is doing.</summary>
    private TimeSpan Whole => Options.StreamTimeout > Options.Timeout ? Options.StreamTimeout : Options.Timeout;

    private ResiliencePipeline Build(TelemetryListener telemetry)
    {
        var pipeline = new ResiliencePipelineBuilder { Name = Options.Name, TimeProvider = Time, TelemetryListener = telemetry }
            .AddTimeout(new TimeoutStrategyOptions { Timeout = Whole });
        if (Options.RetryAttempts > 0)
        {
            pipeline.AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = Options.RetryAttempts,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = FirstPause,
                MaxDelay = LongestPause,
                ShouldHandle = arguments =>
                    ValueTask.FromResult(IsWorthRepeating(arguments.Context, arguments.Outcome.Exception)),
                DelayGenerator = arguments =>
                    ValueTask.FromResult((arguments.Outcome.Exception as ProviderException)?.RetryAfter),
            });
        }

        return pipeline.AddPipeline(Breaker.Pipeline).Build();
    }

    private bool IsWorthRepeating(ResilienceContext context, Exception? exception)
    {
        if (exception is not ProviderException { Failure: FailureClass.RetrySame } failure)
        {
            return false;
        }

        var pause = failure.RetryAfter ?? TimeSpan.Zero;
        var elapsed = Elapsed(context);
        return pause <= LongestPause && pause < Options.Timeout && elapsed + pause < Whole
            && (elapsed + pause < Options.Timeout || failure.Code != "provider_timeout");
    }
}
