using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Operations.ApiKeys;

namespace Yggdrasil.Functions.Http.ApiKeys;

public sealed class ApiKeyFunctions(ApiKeyService keys)
{
    [Function(nameof(CreateApiKey))]
    public async Task<IResult> CreateApiKey([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/keys")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request);
        var definition = ApiKeyRequest.Parse(await RequestBody.ReadAsync(request));
        var (key, text) = await keys.CreateAsync(request.Caller(), definition, request.HttpContext.RequestAborted);
        request.HttpContext.Response.Headers.CacheControl = "no-store";
        request.HttpContext.Response.Headers.Location = $"/api/keys/{key.Id}";
        return Answers.Json(CreatedApiKeyDocument.From(key, text), StatusCodes.Status201Created);
    }

    [Function(nameof(ListApiKeys))]
    public async Task<IResult> ListApiKeys([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/keys")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after");
        var (limit, after) = RequestHeaders.ReadPage(request);
        return Answers.List(await keys.ListAsync(request.Caller(), limit, after, request.HttpContext.RequestAborted), ApiKeyDocument.From);
    }

    [Function(nameof(GetApiKey))]
    public async Task<IResult> GetApiKey([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/keys/{id}")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request);
        return Answers.Json(ApiKeyDocument.From(await keys.GetAsync(request.Caller(), id, request.HttpContext.RequestAborted)));
    }

    [Function(nameof(RevokeApiKey))]
    public async Task<IResult> RevokeApiKey([HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/keys/{id}")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request);
        await RequestBody.RequireEmptyAsync(request);
        await keys.RevokeAsync(request.Caller(), id, request.HttpContext.RequestAborted);
        return Results.NoContent();
    }

    [Function(nameof(ListApiKeysOfUser))]
    public async Task<IResult> ListApiKeysOfUser(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/users/{id}/keys")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after");
        var (limit, after) = RequestHeaders.ReadPage(request);
        return Answers.List(
            await keys.ListOfAsync(request.Caller(), UserId.OfPath(id), limit, after, request.HttpContext.RequestAborted), ApiKeyDocument.From);
    }

    [Function(nameof(RevokeApiKeyOfUser))]
    public async Task<IResult> RevokeApiKeyOfUser(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/users/{id}/keys/{key}")] HttpRequest request, string id, string key)
    {
        RequestHeaders.RejectOtherQuery(request);
        await RequestBody.RequireEmptyAsync(request);
        await keys.RevokeOfAsync(request.Caller(), UserId.OfPath(id), key, request.HttpContext.RequestAborted);
        return Results.NoContent();
    }
}
