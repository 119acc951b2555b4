using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace Yggdrasil.Functions.Middleware;

/// <summary>
/// Forgets an HTTP function's result once it has been sent. The worker would otherwise serialize it a second time and send
/// it to the host, content included. Outermost of all, and needed on the genuine worker only.
/// </summary>
internal sealed class AnsweredMiddleware : IFunctionsWorkerMiddleware
{
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        await next(context);
        if (context.GetHttpContext() is not null)
        {
            context.GetInvocationResult().Value = null;
        }
    }
}
