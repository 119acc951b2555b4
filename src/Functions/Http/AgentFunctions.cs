using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Agents;

namespace Yggdrasil.Functions.Http;

public sealed class AgentFunctions(AgentService agents)
{
    [Function(nameof(ListAgents))]
    public async Task<IResult> ListAgents(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/agents")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after");
        var (limit, after) = RequestHeaders.ReadPage(request);
        return Answers.List(await agents.ListAsync(request.Caller(), limit, after, request.HttpContext.RequestAborted), AgentDocument.From);
    }

    [Function(nameof(GetAgent))]
    public async Task<IResult> GetAgent(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/agents/{agent}")] HttpRequest request, string agent) =>
        Answer(request, await agents.GetAsync(request.Caller(), agent, request.HttpContext.RequestAborted));

    [Function(nameof(PutAgent))]
    public async Task<IResult> PutAgent(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "api/agents/{agent}")] HttpRequest request, string agent)
    {
        var definition = AgentRequest.Parse(await RequestBody.ReadAsync(request));
        var (saved, created) = await agents.PutAsync(
            request.Caller(), agent, definition, RequestHeaders.ReadPrecondition(request), request.HttpContext.RequestAborted);
        return Answer(request, saved, created ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    [Function(nameof(DeleteAgent))]
    public async Task<IResult> DeleteAgent(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/agents/{agent}")] HttpRequest request, string agent)
    {
        await agents.DeleteAsync(request.Caller(), agent, RequestHeaders.ReadPrecondition(request), request.HttpContext.RequestAborted);
        return Results.NoContent();
    }

    private static IResult Answer(HttpRequest request, Agent agent, int status = StatusCodes.Status200OK)
    {
        if (agent.Source == AgentSource.User)
        {
            request.HttpContext.Response.Headers.ETag = RequestHeaders.ToHttp(agent.ETag);
        }

        return Answers.Json(AgentDocument.From(agent), status);
    }
}
