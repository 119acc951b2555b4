using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Http.Events;

public sealed class EventFunctions(
    RunEvents events, RunService runs, EventTickets tickets, DisabledUsers disabled, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<EventFunctions> logger)
{
    /// <summary>The query parameter of a ticket, which only <see cref="GetRunEvents"/> takes.</summary>
    internal const string Ticket = "ticket";

    private const string LastEventId = "Last-Event-ID";
    private const string After = "after";

    [Function(nameof(GetRunEvents))]
    public async Task<IResult> GetRunEvents(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/runs/{id}/events")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request, After, Ticket, RequestScope.UserId);
        var scope = request.EventTicket() is { } ticket ? ScopeOf(ticket, id) : request.Scope();
        var reader = await events.OpenAsync(scope, id, ReadPosition(request), request.HttpContext.RequestAborted);
        return reader is null
            ? Results.NoContent()
            : EventAnswers.Stream(
                request, reader, new EventProjection(scope.ToQuery()), isWhole: false, scope.Caller, disabled, time, logger, lifetime.ApplicationStopping);
    }

    [Function(nameof(CreateEventTicket))]
    public async Task<IResult> CreateEventTicket(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/runs/{id}/events/ticket")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        await RequestBody.RequireEmptyAsync(request);
        var scope = request.Scope();
        var run = await runs.GetAsync(scope, id, request.HttpContext.RequestAborted);
        var (ticket, expiresAt) = tickets.Issue(new EventTicket(run.Id, run.Caller.Owner, request.Caller()));
        request.HttpContext.Response.Headers.CacheControl = "no-store";
        return Answers.Json(new TicketDocument(ticket, expiresAt));
    }

    private static Scope ScopeOf(EventTicket ticket, string id) => ticket.RunId == id
        ? AccessPolicy.ScopeOf(ticket.Caller, ticket.Owner == ticket.Caller.Owner ? null : ticket.Owner.User)
        : throw new UnauthenticatedException("This ticket is for the events of another run.", credentialsSent: true);

    /// <summary>Browsers come back to the address they were given and say in a header how far they have got since.</summary>
    private static string? ReadPosition(HttpRequest request) =>
        request.Headers[LastEventId] is [{ Length: > 0 } last] ? last
        : request.Query.TryGetValue(After, out var after) ? after.ToString()
        : null;

    private sealed record TicketDocument(string Ticket, DateTimeOffset ExpiresAt);
}
