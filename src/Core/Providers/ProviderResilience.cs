using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Yggdrasil.Providers;

/// <summary>One provider's timeout, retries and breaker, in this order from the outside (design, section 6).</summary>
/// <remarks>
/// <list type="bullet">
/// <item>The timeout spans all attempts and the pauses between them.</item>
/// <item>Only <see cref="FailureClass.RetrySame"/> is retried: exponentially, with jitter, or after the time the provider
/// asked for. A pause over 30 s, or beyond the timeout, is not taken: the next provider is asked instead.</item>
/// <item>The breaker counts attempts that failed so, or that the timeout ended. A caller who leaves is no failure of the
/// provider, and neither is a request it refuses: no caller can open the breaker for the others.</item>
/// </list>
/// </remarks>
internal sealed class ProviderResilience
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly ResiliencePropertyKey<long> StartedKey = new("yggdrasil.started");
    private static readonly ResiliencePropertyKey<CancellationToken> CallerTokenKey = new("yggdrasil.caller");

    public ProviderResilience(ProviderOptions options, TimeProvider time)
    {
        Provider = options.Name;
        Timeout = options.Timeout;
        Time = time;
        Pipeline = Build(options);
    }

    public string Provider { get; }

    public TimeSpan Timeout { get; }

    public TimeProvider Time { get; }

    public ResiliencePipeline Pipeline { get; }

    /// <summary>Notes in a fresh context whose call this is and when it began.</summary>
    public void Begin(ResilienceContext context)
    {
        context.Properties.Set(StartedKey, Time.GetTimestamp());
        context.Properties.Set(CallerTokenKey, context.CancellationToken);
    }

    private ResiliencePipeline Build(ProviderOptions options)
    {
        var pipeline = new ResiliencePipelineBuilder { TimeProvider = Time }
            .AddTimeout(new TimeoutStrategyOptions { Timeout = Timeout });
        if (options.RetryAttempts > 0)
        {
            pipeline.AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = options.RetryAttempts,
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

        return pipeline
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                FailureRatio = 0.5,
                MinimumThroughput = options.BreakerFailures,
                SamplingDuration = TimeSpan.FromSeconds(options.BreakerSeconds),
                BreakDuration = TimeSpan.FromSeconds(options.BreakerSeconds),
                ShouldHandle = arguments =>
                    ValueTask.FromResult(IsProvidersFault(arguments.Context, arguments.Outcome.Exception)),
            })
            .Build();
    }

    private bool IsWorthRepeating(ResilienceContext context, Exception? exception)
    {
        if (exception is not ProviderException { Failure: FailureClass.RetrySame } failure)
        {
            return false;
        }

        var pause = failure.RetryAfter ?? TimeSpan.Zero;
        var left = Timeout - Time.GetElapsedTime(context.Properties.GetValue(StartedKey, 0));
        return pause <= LongestPause && pause < left;
    }

    private static bool IsProvidersFault(ResilienceContext context, Exception? exception) => exception switch
    {
        ProviderException failure => failure.Failure == FailureClass.RetrySame,
        OperationCanceledException =>
            !context.Properties.GetValue(CallerTokenKey, CancellationToken.None).IsCancellationRequested,
        _ => false,
    };
}
