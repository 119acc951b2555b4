using Microsoft.Azure.Functions.Worker.Middleware;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>Runs functions through the worker middleware, each in a service scope of its own.</summary>
internal sealed class FunctionInvoker(FunctionExecutionDelegate pipeline, IServiceScopeFactory scopes)
{
    /// <summary>Runs <paramref name="invocation"/>; its result stands in it afterwards, as middleware left it.</summary>
    public Task RunAsync(Invocation invocation) => pipeline(invocation);

    /// <summary>Runs a function in a new scope and answers its result.</summary>
    /// <remarks>
    /// An orchestrator that is waiting never completes and its scope is left to the garbage collector: the engine drops
    /// it and replays from the start, as it would after a crash.
    /// </remarks>
    public async Task<object?> RunAsync(Function function, object? triggerValue, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var invocation = new Invocation(function, triggerValue, scope.ServiceProvider, cancellationToken);
        await pipeline(invocation);
        return invocation.Result;
    }
}
