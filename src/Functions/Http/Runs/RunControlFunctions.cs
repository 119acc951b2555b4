using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Functions.Http.Runs;

public sealed class RunControlFunctions(RunControl control, RunService runs)
{
    [Function(nameof(CancelRun))]
    public async Task<IResult> CancelRun(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/runs/{id}/cancel")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        var scope = await ReadAsync(request);
        var (run, accepted) = await control.CancelAsync(scope, id, request.HttpContext.RequestAborted);
        var document = await ToDocumentAsync(request, scope, run);
        return accepted
            ? Answers.Json(document with { CancelRequested = true }, StatusCodes.Status202Accepted)
            : Answers.Json(document);
    }

    [Function(nameof(SuspendRun))]
    public Task<IResult> SuspendRun(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/runs/{id}/suspend")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client) =>
        ChangeAsync(request, id, control.SuspendAsync);

    [Function(nameof(ResumeRun))]
    public Task<IResult> ResumeRun(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/runs/{id}/resume")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client) =>
        ChangeAsync(request, id, control.ResumeAsync);

    [Function(nameof(DeleteRun))]
    public async Task<IResult> DeleteRun(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/runs/{id}")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        var scope = await ReadAsync(request);

        // A removal that has begun is finished also for a caller that goes away: half of it helps nobody.
        await control.DeleteAsync(scope, id, CancellationToken.None);
        return Results.NoContent();
    }

    private async Task<IResult> ChangeAsync(HttpRequest request, string id, Func<Scope, string, CancellationToken, Task<Run>> change)
    {
        var scope = await ReadAsync(request);
        var run = await change(scope, id, request.HttpContext.RequestAborted);
        return Answers.Json(await ToDocumentAsync(request, scope, run), StatusCodes.Status202Accepted);
    }

    private async Task<RunDocument> ToDocumentAsync(HttpRequest request, Scope scope, Run run) =>
        RunDocument.WithInput(await runs.ToShowAsync(run, request.HttpContext.RequestAborted), scope.ToQuery());

    private static async Task<Scope> ReadAsync(HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        await RequestBody.RequireEmptyAsync(request);
        return request.Scope();
    }
}
