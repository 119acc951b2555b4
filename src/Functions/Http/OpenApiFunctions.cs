using Microsoft.Azure.Functions.Worker;

namespace Yggdrasil.Functions.Http;

/// <summary>The contract, for programs that make clients of it.</summary>
public sealed class OpenApiFunctions
{
    [Function(nameof(GetOpenApi))]
    public IResult GetOpenApi([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "openapi.json")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request);
        return Results.Text(OpenApiDocument.Text, "application/json");
    }
}
