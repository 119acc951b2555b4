using System.Text.Json.Nodes;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Segments;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>Conversations of OpenAI's protocol, which are those that runs continue.</summary>
public sealed class OpenAIConversationFunctions(ConversationEditing editing, ConversationService conversations, RunService runs, ToolCatalog catalog)
{
    [Function(nameof(CreateOpenAIConversation))]
    public async Task<IResult> CreateOpenAIConversation(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/conversations")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request);
        var asked = await ConversationRequest.ReadCreateAsync(request);
        var aborted = request.HttpContext.RequestAborted;
        var messages = await new InputHistory(runs, request.OwnScope(), aborted).BuildAsync(asked.Items);
        var metadata = asked.Metadata ?? new Dictionary<string, string>();
        return OpenAIJson.Answer(Document(await editing.CreateAsync(request.Caller(), metadata, messages, aborted), metadata));
    }

    [Function(nameof(GetOpenAIConversation))]
    public async Task<IResult> GetOpenAIConversation(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/conversations/{id}")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request);
        var (scope, aborted) = (request.OwnScope(), request.HttpContext.RequestAborted);
        return OpenAIJson.Answer(Document(await conversations.GetAsync(scope, id, aborted), await editing.GetMetadataAsync(scope, id, aborted)));
    }

    [Function(nameof(UpdateOpenAIConversation))]
    public async Task<IResult> UpdateOpenAIConversation(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/conversations/{id}")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request);
        var asked = await ConversationRequest.ReadUpdateAsync(request);
        var changed = await editing.SetMetadataAsync(request.OwnScope(), id, asked.Metadata!, request.HttpContext.RequestAborted);
        return OpenAIJson.Answer(Document(changed, asked.Metadata!));
    }

    [Function(nameof(DeleteOpenAIConversation))]
    public async Task<IResult> DeleteOpenAIConversation(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/conversations/{id}")] HttpRequest request, string id, [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request);
        await RequestBody.RequireEmptyAsync(request);
        await conversations.DeleteAsync(request.OwnScope(), id, request.HttpContext.RequestAborted);
        return OpenAIJson.Answer(new JsonObject { ["id"] = id, ["object"] = "conversation.deleted", ["deleted"] = true });
    }

    [Function(nameof(ListConversationItems))]
    public async Task<IResult> ListConversationItems(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/conversations/{id}/items")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "order", "after", "include", "include[]");
        var limit = RequestHeaders.ReadNumber(request, "limit", otherwise: 20, max: 100);
        var isDescending = OpenAIFields.ReadIsDescending(request);
        var after = request.Query["after"].ToString();
        var conversation = await conversations.GetAsync(request.OwnScope(), id, request.HttpContext.RequestAborted);
        var (items, hasMore) = await Items(request).ListAsync(conversation, after.Length > 0 ? after : null, limit, isDescending);
        return OpenAIJson.Answer(OpenAIJson.List(items, hasMore));
    }

    [Function(nameof(AddConversationItems))]
    public async Task<IResult> AddConversationItems(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/conversations/{id}/items")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request, "include", "include[]");
        var asked = await ConversationRequest.ReadAddAsync(request);
        var (scope, aborted) = (request.OwnScope(), request.HttpContext.RequestAborted);
        var messages = await new InputHistory(runs, scope, aborted).BuildAsync(asked.Items);
        if (messages.Count == 0)
        {
            throw new InvalidRequestException("items", "Must have a message, or a call with its output.");
        }

        var sequence = await editing.AddAsync(scope, id, messages, aborted);
        var conversation = await conversations.GetAsync(scope, id, aborted);
        return OpenAIJson.Answer(OpenAIJson.List(await Items(request).OfAsync(conversation, sequence), hasMore: false));
    }

    [Function(nameof(GetConversationItem))]
    public async Task<IResult> GetConversationItem(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/conversations/{id}/items/{item}")] HttpRequest request, string id, string item)
    {
        RequestHeaders.RejectOtherQuery(request, "include", "include[]");
        var conversation = await conversations.GetAsync(request.OwnScope(), id, request.HttpContext.RequestAborted);
        return OpenAIJson.Answer(await Items(request).GetAsync(conversation, item));
    }

    private ConversationItems Items(HttpRequest request) => new(editing, runs, catalog, request.OwnScope(), request.HttpContext.RequestAborted);

    private static JsonObject Document(Conversation conversation, IReadOnlyDictionary<string, string> metadata) => new()
    {
        ["id"] = conversation.Id,
        ["object"] = "conversation",
        ["created_at"] = conversation.CreatedAt.ToUnixTimeSeconds(),
        ["metadata"] = new JsonObject(metadata.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
    };
}
