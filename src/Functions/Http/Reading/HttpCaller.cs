using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Events;

namespace Yggdrasil.Functions.Http.Reading;

/// <summary>The authenticated caller of a request, as the middleware established it.</summary>
internal static class HttpCaller
{
    private static readonly object Key = new();
    private static readonly object TicketKey = new();

    public static void SetCaller(this HttpContext http, Caller caller) => http.Items[Key] = caller;

    /// <summary>The caller, where one was established.</summary>
    public static Caller? FindCaller(this HttpContext http) => http.Items[Key] as Caller;

    /// <summary>For a caller who was let in by a ticket, and for what it says alone.</summary>
    public static void SetEventTicket(this HttpContext http, EventTicket ticket) => http.Items[TicketKey] = ticket;

    /// <summary>The ticket the caller was let in by, if it was one.</summary>
    public static EventTicket? EventTicket(this HttpRequest request) => request.HttpContext.Items[TicketKey] as EventTicket;

    /// <exception cref="UnauthenticatedException">The function is reachable without authentication but asked for its caller.</exception>
    public static Caller Caller(this HttpRequest request) =>
        request.HttpContext.FindCaller() ?? throw new UnauthenticatedException("This request carries no credentials.");
}
