using System.Collections.Frozen;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Primitives;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Console;
using Yggdrasil.Functions.Http.Events;
using Yggdrasil.Functions.Http.McpServer;
using Yggdrasil.Functions.Http.OpenApi;
using Yggdrasil.Functions.Http.Operations;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Routes;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authentication;
using Yggdrasil.Runs.Events;
using Yggdrasil.Users;
using Yggdrasil.Users.ApiKeys;

namespace Yggdrasil.Functions.Middleware;

/// <summary>Establishes the caller of every HTTP function, except those that strangers may call.</summary>
internal sealed class AuthenticationMiddleware(
    IAuthentication authentication, ApiKeyAuthentication apiKeys, EventTickets tickets, DisabledUsers disabledUsers) : IFunctionsWorkerMiddleware
{
    /// <summary>The functions that need no credentials. A function that is not named here does.</summary>
    internal static readonly FrozenSet<string> Anonymous = FrozenSet.Create(
        nameof(ProbeFunctions.Live), nameof(ProbeFunctions.Ready), nameof(OpenApiFunctions.GetOpenApi), nameof(PreflightFunctions.Preflight),
        nameof(ConsoleFunctions.GetConsoleConfig), nameof(ConsoleFunctions.GetConsoleFile), nameof(RouteFunctions.WrongRoute),
        nameof(McpFunctions.GetMcpResource));

    /// <summary>How long a function that is open to everybody waits to learn who asks.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>The functions that say more to some callers, and something to everybody.</summary>
    private static readonly FrozenSet<string> Open = FrozenSet.Create(nameof(HealthFunctions.Health));

    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        var function = context.FunctionDefinition.Name;
        if (!Anonymous.Contains(function) && context.GetHttpContext() is { } http)
        {
            if (Open.Contains(function))
            {
                await TryIdentifyAsync(http, function);
            }
            else
            {
                http.SetCaller(await IdentifyAsync(http, function));
            }
        }

        await next(context);
    }

    /// <remarks>Who cannot be told is a stranger: a probe is not to fail because an issuer, or storage, does.</remarks>
    private async Task TryIdentifyAsync(HttpContext http, string function)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        patience.CancelAfter(Patience);
        try
        {
            http.SetCaller(await IdentifyAsync(http, function).WaitAsync(patience.Token));
        }
        catch (Exception) when (!http.RequestAborted.IsCancellationRequested)
        {
            // Whatever it was, it is answered as to a stranger.
        }
    }

    private async Task<Caller> AuthenticateAsync(HttpContext http, string function)
    {
        if (function == nameof(EventFunctions.GetRunEvents) && http.Request.Query.TryGetValue(EventFunctions.Ticket, out var text))
        {
            var ticket = tickets.Read(text.ToString())
                ?? throw NoTicket();
            if (ticket.Caller.Key is { } key && !await apiKeys.IsValidAsync(key, http.RequestAborted))
            {
                throw NoTicket();
            }

            http.SetEventTicket(ticket);
            return ticket.Caller;
        }

        var described = Describe(http.Request);
        return ApiKeyAuthentication.IsMeant(described.Authorization)
            ? await apiKeys.AuthenticateAsync(described.Authorization!, http.RequestAborted)
            : await authentication.AuthenticateAsync(described, http.RequestAborted);
    }

    private async Task<Caller> IdentifyAsync(HttpContext http, string function)
    {
        var caller = await AuthenticateAsync(http, function);
        return await disabledUsers.ContainsAsync(caller.Owner, http.RequestAborted)
            ? throw new UnauthenticatedException("This user is disabled.", credentialsSent: true)
            : ApiKeyFunctionRights.Require(caller, function);
    }

    private static UnauthenticatedException NoTicket() => new("This ticket is not valid, or no longer valid.", credentialsSent: true);

    private static AuthenticationRequest Describe(HttpRequest request) =>
        new(Text(request.Headers.Authorization), request.Host.Host, Text(request.Headers.Origin));

    private static string? Text(StringValues header) => header.Count == 0 ? null : header.ToString();
}
