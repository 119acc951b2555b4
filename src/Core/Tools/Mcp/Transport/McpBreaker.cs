using Polly;
using Polly.CircuitBreaker;

namespace Yggdrasil.Tools.Mcp.Transport;

/// <summary>One server's breaker, in this process: Polly's.</summary>
/// <remarks>
/// It opens when at least half of the requests within 30 s failed and at least five were made, refuses for 30 s, then lets one through.
/// Only a server that does not answer counts: neither a caller who leaves nor a request that the server refuses opens it for others.
/// </remarks>
internal sealed class McpBreaker
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    private readonly CircuitBreakerStateProvider _state = new();
    private readonly ResiliencePipeline _pipeline;

    public McpBreaker(TimeProvider time) => _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            FailureRatio = 0.5,
            MinimumThroughput = 5,
            SamplingDuration = Window,
            BreakDuration = Window,
            StateProvider = _state,
            ShouldHandle = new PredicateBuilder().Handle<McpFailure>(static failure => failure.Kind == McpFailureKind.Unreachable),
        })
        .Build();

    public bool IsOpen => _state.CircuitState is CircuitState.Open or CircuitState.Isolated;

    /// <exception cref="McpFailure">The breaker is open, or the request failed.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> request, CancellationToken cancellationToken)
    {
        try
        {
            return await _pipeline.ExecuteAsync(async token => await request(token), cancellationToken);
        }
        catch (BrokenCircuitException open)
        {
            throw new McpFailure(McpFailureKind.BrokenOff, "It failed several times in a row and is left alone for half a minute.", open);
        }
    }
}
