using System.Collections.Frozen;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Yggdrasil.Functions.Http;
using Yggdrasil.Security;

namespace Yggdrasil.Functions.Middleware;

/// <summary>Establishes the caller of every HTTP function, except those that strangers may call.</summary>
internal sealed class AuthenticationMiddleware(IAuthentication authentication) : IFunctionsWorkerMiddleware
{
    /// <summary>The functions that need no credentials. A function that is not named here does.</summary>
    internal static readonly FrozenSet<string> Anonymous = FrozenSet.Create(nameof(ProbeFunctions.Live), nameof(ProbeFunctions.Ready));

    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        if (context.GetHttpContext() is { } http && !Anonymous.Contains(context.FunctionDefinition.Name))
        {
            http.SetCaller(await authentication.AuthenticateAsync(Credentials(http.Request), http.RequestAborted));
        }

        await next(context);
    }

    private static string? Credentials(HttpRequest request) =>
        request.Headers.Authorization.Count == 0 ? null : request.Headers.Authorization.ToString();
}
