using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Operations.Errors;

namespace Yggdrasil.Functions.Http.Operations;

/// <summary>Kinds of errors, for operators.</summary>
public sealed class ErrorFunctions(ErrorService errors)
{
    [Function(nameof(ListErrors))]
    public async Task<IResult> ListErrors([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/errors")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, "status", "limit", "after");
        var (limit, after) = RequestHeaders.ReadPage(request);
        return Answers.List(
            await errors.ListAsync(request.Caller(), ReadStatus(request), limit, after, request.HttpContext.RequestAborted), ErrorDocument.From);
    }

    [Function(nameof(ResolveError))]
    public async Task<IResult> ResolveError(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/errors/{id}/resolve")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request);
        await RequestBody.RequireEmptyAsync(request);
        return Answers.Json(ErrorDocument.From(await errors.ResolveAsync(request.Caller(), id, request.HttpContext.RequestAborted)));
    }

    [Function(nameof(ReopenError))]
    public async Task<IResult> ReopenError(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/errors/{id}/reopen")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request);
        await RequestBody.RequireEmptyAsync(request);
        return Answers.Json(ErrorDocument.From(await errors.ReopenAsync(request.Caller(), id, request.HttpContext.RequestAborted)));
    }

    private static bool? ReadStatus(HttpRequest request) => request.Query["status"].ToString() switch
    {
        "" => null,
        "open" => false,
        "resolved" => true,
        _ => throw new InvalidRequestException("status", "Must be open or resolved."),
    };
}

/// <summary>A kind of error as callers see it.</summary>
internal sealed record ErrorDocument(
    string Id, string Status, string Kind, string? Provider, string Place, long Count, DateTimeOffset FirstSeen, DateTimeOffset LastSeen,
    string? TraceId, DateTimeOffset? ResolvedAt)
{
    public static ErrorDocument From(TrackedError error) => new(
        error.Id, error.IsResolved ? "resolved" : "open", error.Kind, error.Provider, error.Place, error.Count, error.FirstSeen, error.LastSeen,
        error.TraceId, error.ResolvedAt);
}
