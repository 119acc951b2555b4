using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Operations.UserData;

namespace Yggdrasil.Functions.Http.Users;

public sealed class UserDataFunctions(UserExport export, UserDataRemoval removal, ILogger<UserDataFunctions> logger)
{
    /// <summary>Below what gateways in front of the app wait for an answer (230 s on Azure).</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    [Function(nameof(ExportUserData))]
    public IResult ExportUserData(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/users/{id}/export")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request);
        var scope = AccessPolicy.ScopeOfUser(request.Caller(), UserId.OfPath(id));
        return new NdjsonResult(ExportDocuments.From(export.ReadAsync(scope, request.HttpContext.RequestAborted)), logger, "export.ndjson", isCounted: true);
    }

    [Function(nameof(DeleteUserData))]
    public async Task<IResult> DeleteUserData(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/users/{id}/data")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request);
        await RequestBody.RequireEmptyAsync(request);
        var scope = AccessPolicy.ScopeOfUser(request.Caller(), UserId.OfPath(id));

        // Begun is begun: it goes on when the caller goes away.
        var isDone = await removal.RemoveAsync(scope.Owner, Patience, CancellationToken.None);
        return isDone ? Results.NoContent() : Results.StatusCode(StatusCodes.Status202Accepted);
    }
}
