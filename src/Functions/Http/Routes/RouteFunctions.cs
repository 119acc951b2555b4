using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Console;

namespace Yggdrasil.Functions.Http.Routes;

/// <summary>Answers what no other function serves. Strangers may call it: the routes are no secret.</summary>
public sealed class RouteFunctions(IHostEnvironment environment)
{
    /// <remarks>
    /// The Functions host tries routes in the order of their functions' names, whatever their templates (WebScriptHostHttpRoutesManager), so
    /// the name of this function is the last of all: a test compares it with the others. It leaves <c>/admin</c> and <c>/runtime</c> alone,
    /// which the Functions host serves itself, but only after functions were asked. The default makes it serve <c>/</c> too, where there is
    /// no path for the constraint to match.
    /// </remarks>
    [Function(nameof(WrongRoute))]
    public IResult WrongRoute(
        [HttpTrigger(
            AuthorizationLevel.Anonymous, "get", "head", "post", "put", "delete", "patch", "trace",
            Route = "{*path:regex(^(?!(admin|runtime)(/|$)).*$)=root}")] HttpRequest request)
    {
        // A developer opens the address that the host prints. Elsewhere the address says nothing of what is behind it.
        if (request.Path == "/" && environment.IsDevelopment() && (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)))
        {
            return Results.Redirect(ConsoleFunctions.Root);
        }

        var served = ServedRoutes.VerbsOf(request.Path);
        throw served.Count > 0
            ? new MethodNotAllowedException(request.Method, served)
            : new NotFoundException("There is no such route. GET /openapi.json describes all.");
    }
}
