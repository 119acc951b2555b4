using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Runs.Conversations;

namespace Yggdrasil.Functions.Http.Conversations;

public sealed class ConversationFunctions(ConversationService conversations)
{
    [Function(nameof(ListConversations))]
    public async Task<IResult> ListConversations(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/conversations")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after", RequestScope.UserId);
        var (limit, after) = RequestHeaders.ReadPage(request);
        var scope = request.Scope();
        return Answers.List(
            await conversations.ListAsync(scope, limit, after, request.HttpContext.RequestAborted),
            conversation => ConversationDocument.From(conversation, scope.ToQuery()));
    }

    [Function(nameof(GetConversation))]
    public async Task<IResult> GetConversation(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/conversations/{id}")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        var scope = request.Scope();
        return Answers.Json(ConversationDocument.From(
            await conversations.GetAsync(scope, id, request.HttpContext.RequestAborted), scope.ToQuery()));
    }

    [Function(nameof(ListMessages))]
    public async Task<IResult> ListMessages(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/conversations/{id}/messages")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after", RequestScope.UserId);
        var (limit, after) = RequestHeaders.ReadPage(request);
        return Answers.List(
            await conversations.ListMessagesAsync(request.Scope(), id, limit, after, request.HttpContext.RequestAborted),
            MessageDocument.From);
    }

    [Function(nameof(DeleteConversation))]
    public async Task<IResult> DeleteConversation(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/conversations/{id}")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        await RequestBody.RequireEmptyAsync(request);
        await conversations.DeleteAsync(request.Scope(), id, request.HttpContext.RequestAborted);
        return Results.NoContent();
    }
}
