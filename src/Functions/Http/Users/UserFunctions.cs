using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Operations.UserData;

namespace Yggdrasil.Functions.Http.Users;

public sealed class UserFunctions(UserService users)
{
    [Function(nameof(DisableUser))]
    public async Task<IResult> DisableUser(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "api/users/{id}/disabled")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request);
        await RequestBody.RequireEmptyAsync(request);
        await users.DisableAsync(request.Caller(), UserId.OfPath(id), request.HttpContext.RequestAborted);
        return Results.NoContent();
    }

    [Function(nameof(EnableUser))]
    public async Task<IResult> EnableUser(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/users/{id}/disabled")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request);
        await RequestBody.RequireEmptyAsync(request);
        await users.EnableAsync(request.Caller(), UserId.OfPath(id), request.HttpContext.RequestAborted);
        return Results.NoContent();
    }

    [Function(nameof(SetUserLimits))]
    public async Task<IResult> SetUserLimits(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "api/users/{id}/limits")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request);
        var limits = LimitsRequest.Parse(await RequestBody.ReadAsync(request));
        await users.SetLimitsAsync(request.Caller(), UserId.OfPath(id), limits, request.HttpContext.RequestAborted);
        return Answers.Json(limits);
    }

    [Function(nameof(GetUserLimits))]
    public async Task<IResult> GetUserLimits(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/users/{id}/limits")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request);
        return Answers.Json(await users.GetLimitsAsync(request.Caller(), UserId.OfPath(id), request.HttpContext.RequestAborted));
    }
}
