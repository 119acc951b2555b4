using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>Collects worker middleware: the first added is the outermost, the function itself the innermost.</summary>
internal sealed class WorkerApplicationBuilder(IServiceCollection services) : IFunctionsWorkerApplicationBuilder
{
    private readonly List<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>> _middleware = [];

    public IServiceCollection Services => services;

    public IFunctionsWorkerApplicationBuilder Use(Func<FunctionExecutionDelegate, FunctionExecutionDelegate> middleware)
    {
        _middleware.Add(middleware);
        return this;
    }

    public FunctionExecutionDelegate Build() =>
        Enumerable.Reverse(_middleware).Aggregate<
            Func<FunctionExecutionDelegate, FunctionExecutionDelegate>, FunctionExecutionDelegate>(
            RunFunctionAsync, (next, middleware) => middleware(next));

    private static async Task RunFunctionAsync(FunctionContext context)
    {
        var invocation = (Invocation)context;
        invocation.Result = await invocation.Function.Method.InvokeAsync(invocation);
    }
}
