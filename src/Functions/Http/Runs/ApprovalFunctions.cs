using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Runs.Approvals;

namespace Yggdrasil.Functions.Http.Runs;

public sealed class ApprovalFunctions(ApprovalService approvals)
{
    [Function(nameof(DecideApproval))]
    public async Task<IResult> DecideApproval(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/runs/{id}/approvals/{callId}")] HttpRequest request,
        string id,
        string callId,
        [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        var decision = ApprovalRequest.Parse(await RequestBody.ReadAsync(request));
        await approvals.DecideAsync(request.Scope(), id, callId, decision, request.HttpContext.RequestAborted);

        // Not the run: who decides may not be allowed to see it.
        return Results.StatusCode(StatusCodes.Status202Accepted);
    }

    [Function(nameof(ListApprovals))]
    public async Task<IResult> ListApprovals(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/approvals")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after");
        var (limit, after) = RequestHeaders.ReadPage(request);
        return Answers.List(
            await approvals.ListAsync(request.Caller(), limit, after, request.HttpContext.RequestAborted), ApprovalDocument.From);
    }
}
