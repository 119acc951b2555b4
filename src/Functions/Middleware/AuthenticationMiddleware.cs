using System.Collections.Frozen;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Primitives;
using Yggdrasil.Functions.Http;
using Yggdrasil.Problems;
using Yggdrasil.Security;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Middleware;

/// <summary>Establishes the caller of every HTTP function, except those that strangers may call.</summary>
internal sealed class AuthenticationMiddleware(IAuthentication authentication, DisabledUsers disabledUsers) : IFunctionsWorkerMiddleware
{
    /// <summary>The functions that need no credentials. A function that is not named here does.</summary>
    internal static readonly FrozenSet<string> Anonymous = FrozenSet.Create(nameof(ProbeFunctions.Live), nameof(ProbeFunctions.Ready));

    /// <summary>How long a function that is open to everybody waits to learn who asks.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>The functions that say more to some callers, and something to everybody.</summary>
    private static readonly FrozenSet<string> Open = FrozenSet.Create(nameof(HealthFunctions.Health));

    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        if (context.GetHttpContext() is { } asked && Open.Contains(context.FunctionDefinition.Name))
        {
            await TryAuthenticateAsync(asked);
        }
        else if (context.GetHttpContext() is { } http && !Anonymous.Contains(context.FunctionDefinition.Name))
        {
            http.SetCaller(await AuthenticateAsync(http));
        }

        await next(context);
    }

    /// <remarks>Who cannot be told is a stranger: a probe is not to fail because an issuer, or storage, does.</remarks>
    private async Task TryAuthenticateAsync(HttpContext http)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        patience.CancelAfter(Patience);
        try
        {
            http.SetCaller(await AuthenticateAsync(http).WaitAsync(patience.Token));
        }
        catch (Exception) when (!http.RequestAborted.IsCancellationRequested)
        {
        }
    }

    private async Task<Caller> AuthenticateAsync(HttpContext http)
    {
        var caller = await authentication.AuthenticateAsync(Describe(http.Request), http.RequestAborted);
        return await disabledUsers.ContainsAsync(caller.Owner, http.RequestAborted)
            ? throw new UnauthenticatedException("This user is disabled.", credentialsSent: true)
            : caller;
    }

    private static AuthenticationRequest Describe(HttpRequest request) =>
        new(Text(request.Headers.Authorization), request.Host.Host, Text(request.Headers.Origin));

    private static string? Text(StringValues header) => header.Count == 0 ? null : header.ToString();
}
