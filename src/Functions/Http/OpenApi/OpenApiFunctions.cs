using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Functions.Http.Reading;

namespace Yggdrasil.Functions.Http.OpenApi;

/// <summary>The contract, for programs that make clients of it. Strangers may read it.</summary>
public sealed class OpenApiFunctions
{
    [Function(nameof(GetOpenApi))]
    public IResult GetOpenApi([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "openapi.json")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request);
        request.HttpContext.Response.Headers.CacheControl = "no-cache";
        return Results.Bytes(OpenApiDocument.Content, "application/json", entityTag: OpenApiDocument.Tag);
    }
}
