using Microsoft.AspNetCore.Routing.Patterns;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Http;

/// <summary>Serves every HTTP-triggered function at its route.</summary>
internal static class FunctionEndpoints
{
    public static void MapFunctions(
        this IEndpointRouteBuilder endpoints, IEnumerable<Function> functions, string routePrefix)
    {
        var requestHandler = endpoints.ServiceProvider.GetRequiredService<HttpFunctionHandler>();
        foreach (var function in functions)
        {
            if (function.Trigger is not HttpTrigger http)
            {
                continue;
            }

            endpoints
                .Map(RoutePatternFactory.Parse(FullRoute(http, routePrefix)), context => requestHandler.HandleAsync(function, context))
                .WithDisplayName(function.Name)
                .WithMetadata(new FunctionVerbs(http.Methods));
        }
    }

    public static string FullRoute(HttpTrigger http, string routePrefix) =>
        routePrefix.Length == 0 ? http.Route : $"{routePrefix.Trim('/')}/{http.Route}";
}
