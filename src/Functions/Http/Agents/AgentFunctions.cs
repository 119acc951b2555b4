using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Agents;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Identity.Authorization;

namespace Yggdrasil.Functions.Http.Agents;

public sealed class AgentFunctions(AgentService agents, AgentSharing sharing)
{
    [Function(nameof(ListAgents))]
    public async Task<IResult> ListAgents(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/agents")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after", RequestScope.UserId);
        var (limit, after) = RequestHeaders.ReadPage(request);
        return Answers.List(await agents.ListAsync(request.Scope(), limit, after, request.HttpContext.RequestAborted), AgentDocument.From);
    }

    [Function(nameof(GetAgent))]
    public async Task<IResult> GetAgent(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/agents/{agent}")] HttpRequest request, string agent)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        var condition = EntityTags.ReadPrecondition(request);
        var found = await agents.GetAsync(request.Scope(), agent, condition, request.HttpContext.RequestAborted);
        var answer = Answer(request, found);
        return condition.IfNoneMatch?.Names(found.ETag) == true ? Results.StatusCode(StatusCodes.Status304NotModified) : answer;
    }

    [Function(nameof(PutAgent))]
    public async Task<IResult> PutAgent(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "api/agents/{agent}")] HttpRequest request, string agent)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        var scope = request.Scope();
        var (definition, sent) = AgentRequest.Parse(await RequestBody.ReadAsync(request));
        if (!sent.IsEmpty)
        {
            var current = await agents.FindAsync(scope, agent, request.HttpContext.RequestAborted);
            sent.Require(current is null ? new { Id = agent } : AgentDocument.From(current));
        }

        var (saved, created) = await agents.PutAsync(
            scope, agent, definition, EntityTags.ReadPrecondition(request), request.HttpContext.RequestAborted);
        return Answer(request, saved, created ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    [Function(nameof(DeleteAgent))]
    public async Task<IResult> DeleteAgent(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/agents/{agent}")] HttpRequest request, string agent)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        await RequestBody.RequireEmptyAsync(request);
        await agents.DeleteAsync(request.Scope(), agent, EntityTags.ReadPrecondition(request), request.HttpContext.RequestAborted);
        return Results.NoContent();
    }

    [Function(nameof(ShareAgent))]
    public async Task<IResult> ShareAgent(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "api/agents/{agent}/shares/{user}")] HttpRequest request, string agent, string user)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        await RequestBody.RequireEmptyAsync(request);
        await sharing.ShareAsync(request.Scope(), agent, UserId.OfPath(user), request.HttpContext.RequestAborted);
        return Results.NoContent();
    }

    [Function(nameof(UnshareAgent))]
    public async Task<IResult> UnshareAgent(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/agents/{agent}/shares/{user}")] HttpRequest request, string agent, string user)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        await RequestBody.RequireEmptyAsync(request);
        await sharing.UnshareAsync(request.Scope(), agent, UserId.OfPath(user), request.HttpContext.RequestAborted);
        return Results.NoContent();
    }

    private static IResult Answer(HttpRequest request, Agent agent, int status = StatusCodes.Status200OK)
    {
        if (agent.Source == AgentSource.User)
        {
            request.HttpContext.Response.Headers.ETag = EntityTags.ToHttp(agent.ETag);
        }

        return Answers.Json(AgentDocument.From(agent), status);
    }
}
