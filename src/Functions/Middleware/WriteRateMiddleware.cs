using System.Collections.Frozen;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Yggdrasil.Functions.Http.AgUi;
using Yggdrasil.Functions.Http.AiSdk;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Events;
using Yggdrasil.Functions.Http.McpServer;
using Yggdrasil.Functions.Http.OpenAI;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Runs.Quotas;

namespace Yggdrasil.Functions.Middleware;

/// <summary>Counts whatever changes what is stored against its caller's rate, before anything is read or written for it.</summary>
/// <remarks>By the verb, so that a function that is added counts without being named.</remarks>
internal sealed class WriteRateMiddleware(UsageService usage, ILogger<WriteRateMiddleware> logger) : IFunctionsWorkerMiddleware
{
    /// <summary>Starts of runs, which are counted with the run, what stores nothing, and MCP, where it depends on the method.</summary>
    internal static readonly FrozenSet<string> CountedOtherwise = FrozenSet.Create(
        nameof(RunFunctions.StartRun), nameof(RunFunctions.ForkRun), nameof(InlineFunctions.InvokeAgent), nameof(EventFunctions.CreateEventTicket),
        nameof(ChatFunctions.CreateChatCompletion), nameof(ResponseFunctions.CreateResponse), nameof(McpFunctions.CallMcp),
        nameof(UiChatFunctions.SendChat), nameof(AgUiFunctions.RunAgUi));

    public Task Invoke(FunctionContext context, FunctionExecutionDelegate next) =>
        context.GetHttpContext() is { } http && IsWrite(http.Request.Method) && http.FindCaller() is not null
            && !CountedOtherwise.Contains(context.FunctionDefinition.Name)
            ? CountAsync(http.Request, () => next(context))
            : next(context);

    private static bool IsWrite(string method) =>
        !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) && !HttpMethods.IsOptions(method) && !HttpMethods.IsTrace(method);

    private Task<bool> CountAsync(HttpRequest request, Func<Task> write) => usage.WithRateAsync(request, agentId: null, logger, async () =>
    {
        await usage.CountWriteAsync(request.Caller(), request.HttpContext.RequestAborted);
        await write();
        return true;
    });
}
