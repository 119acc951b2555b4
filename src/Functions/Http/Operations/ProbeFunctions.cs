using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Operations.Health;

namespace Yggdrasil.Functions.Http.Operations;

/// <summary>What orchestrators of processes ask: is it alive, can it serve. Strangers may call these.</summary>
public sealed class ProbeFunctions(Readiness readiness)
{
    [Function(nameof(Live))]
    public IResult Live([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "live")] HttpRequest request) =>
        Answers.Json(new { status = "live" });

    [Function(nameof(Ready))]
    public async Task<IResult> Ready([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "ready")] HttpRequest request) =>
        await readiness.IsReadyAsync(request.HttpContext.RequestAborted)
            ? Answers.Json(new { status = "ready" })
            : Answers.Json(new { status = "unavailable" }, StatusCodes.Status503ServiceUnavailable);
}
