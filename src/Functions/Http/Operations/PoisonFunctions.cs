using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Work.Prompts;

namespace Yggdrasil.Functions.Http.Operations;

public sealed class PoisonFunctions(PoisonService poison)
{
    [Function(nameof(ListPoison))]
    public async Task<IResult> ListPoison([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/poison")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after");
        var (limit, after) = RequestHeaders.ReadPage(request);
        return Answers.List(await poison.ListAsync(request.Caller(), limit, after, request.HttpContext.RequestAborted), PoisonDocument.From);
    }

    [Function(nameof(ReplayPoison))]
    public async Task<IResult> ReplayPoison(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/poison/{id}/replay")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request);
        await RequestBody.RequireEmptyAsync(request);
        var prompt = await poison.ReplayAsync(request.Caller(), id, request.HttpContext.RequestAborted);
        return Answers.Json(PoisonDocument.From(prompt), StatusCodes.Status202Accepted);
    }
}
