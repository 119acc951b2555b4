using Polly;
using Polly.Retry;
using Polly.Telemetry;
using Polly.Timeout;
using Yggdrasil.Providers.State;

namespace Yggdrasil.Providers;

/// <summary>One provider's timeout, retries and breaker, in this order from the outside (design, section 6).</summary>
/// <remarks>
/// <list type="bullet">
/// <item>The timeout spans all attempts and the pauses between them.</item>
/// <item>Only <see cref="FailureClass.RetrySame"/> is retried: exponentially, with jitter, or after the time the provider
/// asked for. A pause over 30 s, or beyond the timeout, is not taken: the next provider is asked instead.</item>
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

    public TimeSpan Elapsed(ResilienceContext context) => Time.GetElapsedTime(context.Properties.GetValue(StartedKey, 0));

    private ResiliencePipeline Build(TelemetryListener telemetry)
    {
        var pipeline = new ResiliencePipelineBuilder { Name = Options.Name, TimeProvider = Time, TelemetryListener = telemetry }
            .AddTimeout(new TimeoutStrategyOptions { Timeout = Options.Timeout });
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
        return pause <= LongestPause && pause < Options.Timeout - Elapsed(context);
    }
}
