using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Durable;
using Yggdrasil.Runs;
using Yggdrasil.Security.Authorization;

namespace Yggdrasil.Functions.Http;

public sealed class RunControlFunctions(RunControl control)
{
    [Function(nameof(CancelRun))]
    public async Task<IResult> CancelRun(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/runs/{id}/cancel")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        var scope = await ReadAsync(request);
        var (run, accepted) = await control.CancelAsync(scope, id, new DurableRunScheduler(client), request.HttpContext.RequestAborted);
        return Answers.Json(RunDocument.From(run, scope.ToQuery()), accepted ? StatusCodes.Status202Accepted : StatusCodes.Status200OK);
    }

    [Function(nameof(SuspendRun))]
    public async Task<IResult> SuspendRun(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/runs/{id}/suspend")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        var scope = await ReadAsync(request);
        var run = await control.SuspendAsync(scope, id, new DurableRunScheduler(client), request.HttpContext.RequestAborted);
        return Answers.Json(RunDocument.From(run, scope.ToQuery()), StatusCodes.Status202Accepted);
    }

    [Function(nameof(ResumeRun))]
    public async Task<IResult> ResumeRun(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/runs/{id}/resume")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        var scope = await ReadAsync(request);
        var run = await control.ResumeAsync(scope, id, new DurableRunScheduler(client), request.HttpContext.RequestAborted);
        return Answers.Json(RunDocument.From(run, scope.ToQuery()), StatusCodes.Status202Accepted);
    }

    [Function(nameof(DeleteRun))]
    public async Task<IResult> DeleteRun(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/runs/{id}")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        var scope = await ReadAsync(request);

        // A removal that has begun is finished also for a caller that goes away: half of it helps nobody.
        await control.DeleteAsync(scope, id, new DurableRunScheduler(client), CancellationToken.None);
        return Results.NoContent();
    }

    private static async Task<Scope> ReadAsync(HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        await RequestBody.RequireEmptyAsync(request);
        return request.Scope();
    }
}
