using Microsoft.Azure.Functions.Worker;

namespace Yggdrasil.Functions.Http.Routes;

public sealed class PreflightFunctions
{
    /// <summary>What browsers ask before a page of another origin calls any route; the middleware has put the answer into headers.</summary>
    [Function(nameof(Preflight))]
    public IResult Preflight([HttpTrigger(AuthorizationLevel.Anonymous, "options", Route = "{*path}")] HttpRequest request) => Results.NoContent();
}
