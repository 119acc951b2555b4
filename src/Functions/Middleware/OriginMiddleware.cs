using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Functions.Http.McpServer;
using Yggdrasil.Identity.Authentication;

namespace Yggdrasil.Functions.Middleware;

/// <summary>Refuses the MCP server to pages of other origins, before anything else is looked at, as its protocol demands.</summary>
/// <remarks>
/// A page whose name was rebound to this machine sends its own origin. Pages of this machine may call in development mode, which
/// itself refuses any other host name.
/// </remarks>
internal sealed class OriginMiddleware(IOptions<CrossOriginOptions> options, IOptions<AuthOptions> auth) : IFunctionsWorkerMiddleware
{
    public Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        if (context.FunctionDefinition.Name == nameof(McpFunctions.CallMcp)
            && context.GetHttpContext()?.Request.Headers.Origin is { Count: > 0 } origins && !origins.All(IsAllowed))
        {
            throw new ForbiddenException("Pages of this origin may not call the MCP server. Cors__AllowedOrigins__0 names one that may.");
        }

        return next(context);
    }

    private bool IsAllowed(string? origin) =>
        options.Value.AllowedOrigins.Contains(origin, StringComparer.Ordinal)
        || (auth.Value.Mode == AuthOptions.DevelopmentMode
            && Uri.TryCreate(origin, UriKind.Absolute, out var page)
            && (page.Scheme == Uri.UriSchemeHttp || page.Scheme == Uri.UriSchemeHttps) && page.IsLoopback);
}
