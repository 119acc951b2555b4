using System.Collections.Frozen;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Primitives;
using Yggdrasil.Functions.Http;
using Yggdrasil.Problems;
using Yggdrasil.Runs.Events;
using Yggdrasil.Security;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Middleware;

/// <summary>Establishes the caller of every HTTP function, except those that strangers may call.</summary>
internal sealed class AuthenticationMiddleware(IAuthentication authentication, EventTickets tickets, DisabledUsers disabledUsers)
    : IFunctionsWorkerMiddleware
{
    /// <summary>The functions that need no credentials. A function that is not named here does.</summary>
    internal static readonly FrozenSet<string> Anonymous = FrozenSet.Create(
        nameof(ProbeFunctions.Live), nameof(ProbeFunctions.Ready), nameof(PreflightFunctions.Preflight));

    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        if (context.GetHttpContext() is { } http && !Anonymous.Contains(context.FunctionDefinition.Name))
        {
            http.SetCaller(await RefuseDisabledAsync(await AuthenticateAsync(http, context.FunctionDefinition.Name), http));
        }

        await next(context);
    }

    private async Task<Caller> AuthenticateAsync(HttpContext http, string function)
    {
        if (function == nameof(EventFunctions.GetRunEvents) && http.Request.Query.TryGetValue(EventFunctions.Ticket, out var text))
        {
            var ticket = tickets.Read(text.ToString())
                ?? throw new UnauthenticatedException("This ticket is not valid, or no longer valid.", credentialsSent: true);
            http.SetEventTicket(ticket);
            return ticket.Caller;
        }

        return await authentication.AuthenticateAsync(Describe(http.Request), http.RequestAborted);
    }

    private async Task<Caller> RefuseDisabledAsync(Caller caller, HttpContext http) =>
        await disabledUsers.ContainsAsync(caller.Owner, http.RequestAborted)
            ? throw new UnauthenticatedException("This user is disabled.", credentialsSent: true)
            : caller;

    private static AuthenticationRequest Describe(HttpRequest request) =>
        new(Text(request.Headers.Authorization), request.Host.Host, Text(request.Headers.Origin));

    private static string? Text(StringValues header) => header.Count == 0 ? null : header.ToString();
}
