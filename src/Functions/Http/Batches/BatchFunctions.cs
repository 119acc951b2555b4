using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Functions.Http.Batches;

public sealed class BatchFunctions(BatchService batches, ILogger<BatchFunctions> logger)
{
    [Function(nameof(CreateBatch))]
    public async Task<IResult> CreateBatch(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/batches")] HttpRequest request, [DurableClient] DurableTaskClient client)
    {
        // Not for another user: whoever starts runs answers for them, admins too.
        RequestHeaders.RejectOtherQuery(request, BatchRequest.Agent);
        var (batch, created) = await batches.AcceptAsync(
            request.Caller(),
            RequestHeaders.ReadIdempotencyKey(request),
            new BatchRequest(request),
            request.HttpContext.RequestAborted);
        var document = BatchDocument.From(batch, query: "");
        request.HttpContext.Response.Headers.Location = document.Links.Self;
        return Answers.Json(document, created ? StatusCodes.Status202Accepted : StatusCodes.Status200OK);
    }

    [Function(nameof(ListBatches))]
    public async Task<IResult> ListBatches([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/batches")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after", RequestScope.UserId);
        var (limit, after) = RequestHeaders.ReadPage(request);
        var scope = request.Scope();
        return Answers.List(
            await batches.ListAsync(scope, limit, after, request.HttpContext.RequestAborted),
            batch => BatchDocument.From(batch, scope.ToQuery()));
    }

    [Function(nameof(GetBatch))]
    public async Task<IResult> GetBatch(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/batches/{id}")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        var scope = request.Scope();
        return Answers.Json(BatchDocument.From(await batches.GetAsync(scope, id, request.HttpContext.RequestAborted), scope.ToQuery()));
    }

    [Function(nameof(GetBatchResults))]
    public async Task<IResult> GetBatchResults(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/batches/{id}/results")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        var results = await batches.ReadResultsAsync(request.Scope(), id, request.HttpContext.RequestAborted);
        return new NdjsonResult(Documents(results), logger, fileName: null, isCounted: false);
    }

    [Function(nameof(CancelBatch))]
    public async Task<IResult> CancelBatch(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/batches/{id}/cancel")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        await RequestBody.RequireEmptyAsync(request);
        var scope = request.Scope();
        var (batch, accepted) = await batches.CancelAsync(scope, id, request.HttpContext.RequestAborted);
        return Answers.Json(BatchDocument.From(batch, scope.ToQuery()), accepted ? StatusCodes.Status202Accepted : StatusCodes.Status200OK);
    }

    [Function(nameof(RetryBatch))]
    public async Task<IResult> RetryBatch(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/batches/{id}/retry")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        await RequestBody.RequireEmptyAsync(request);
        var scope = request.Scope();
        var batch = await batches.RetryAsync(scope, id, request.HttpContext.RequestAborted);
        return Answers.Json(BatchDocument.From(batch, scope.ToQuery()), StatusCodes.Status202Accepted);
    }

    [Function(nameof(DeleteBatch))]
    public async Task<IResult> DeleteBatch(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/batches/{id}")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        await RequestBody.RequireEmptyAsync(request);

        // Begun is begun: it goes on when the caller goes away.
        await batches.DeleteAsync(request.Scope(), id, CancellationToken.None);
        return Results.NoContent();
    }

    private static async IAsyncEnumerable<object> Documents(IAsyncEnumerable<BatchItemOutcome> results)
    {
        await foreach (var result in results)
        {
            yield return BatchResultDocument.From(result);
        }
    }
}
