using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Limits;
using Yggdrasil.Runs;

namespace Yggdrasil.Functions.Http;

public sealed class InlineFunctions(InlineRuns runs, UsageService usage)
{
    [Function(nameof(InvokeAgent))]
    public Task<IResult> InvokeAgent(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/agents/{agent}/invoke")] HttpRequest request, string agent) =>
        usage.WithRateAsync(request, agent, () => InvokeAsync(request, agent));

    private async Task<IResult> InvokeAsync(HttpRequest request, string agent)
    {
        // Not for another user: whoever starts a run answers for it, admins too.
        RequestHeaders.RejectOtherQuery(request);
        var body = RunRequest.ParseInline(await RequestBody.ReadAsync(request));
        return Answers.Json(RunDocument.Inline(await runs.RunAsync(request.Caller(), agent, body, request.HttpContext.RequestAborted)));
    }
}
