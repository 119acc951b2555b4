using System.Text.Json.Nodes;
using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>Agents, as OpenAI's clients list models.</summary>
public sealed class ModelFunctions(AgentService agents)
{
    private const int Page = 100;

    /// <summary>More are not listed: the protocol has no pages here.</summary>
    private const int Most = 1000;

    [Function(nameof(ListModels))]
    public async Task<IResult> ListModels([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/models")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request);
        List<Agent> found = [];
        string? next = null;
        do
        {
            var page = await agents.ListAsync(request.Scope(), Page, next, request.HttpContext.RequestAborted);
            found.AddRange(page.Items);
            next = page.Next;
        }
        while (next is not null && found.Count < Most);
        return OpenAIJson.Answer(OpenAIJson.List(found.Select(ToDocument), hasMore: next is not null));
    }

    [Function(nameof(GetModel))]
    public async Task<IResult> GetModel([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/models/{id}")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request);
        return OpenAIJson.Answer(ToDocument(
            await agents.FindAsync(request.Scope(), id, request.HttpContext.RequestAborted) ?? throw NotFound(id)));
    }

    /// <summary>There is no agent of this id for the caller.</summary>
    internal static NotFoundException NotFound(string model) =>
        new($"The model \"{model}\" does not exist or you have no access to it.") { Reason = "model_not_found" };

    private static JsonObject ToDocument(Agent agent) => new()
    {
        ["id"] = agent.Id,
        ["object"] = "model",
        ["created"] = Math.Max(0, agent.CreatedAt.ToUnixTimeSeconds()),
        ["owned_by"] = agent.Owner?.User ?? "configuration",
    };
}
