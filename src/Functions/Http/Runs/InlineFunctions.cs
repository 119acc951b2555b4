using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Events;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Http.Runs;

public sealed class InlineFunctions(InlineRuns runs, UsageService usage, DisabledUsers disabled, TimeProvider time, ILogger<InlineFunctions> logger)
{
    [Function(nameof(InvokeAgent))]
    public Task<IResult> InvokeAgent(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/agents/{agent}/invoke")] HttpRequest request, string agent) =>
        usage.WithRateAsync(request, agent, logger, () => InvokeAsync(request, agent));

    private async Task<IResult> InvokeAsync(HttpRequest request, string agent)
    {
        // Not for another user: whoever starts a run answers for it, admins too.
        RequestHeaders.RejectOtherQuery(request);
        var asEvents = RequestHeaders.Accepts(request, EventAnswers.MediaType);
        var body = RunRequest.ParseInline(await RequestBody.ReadAsync(request), asEvents);
        var aborted = request.HttpContext.RequestAborted;
        if (!asEvents)
        {
            return Answers.Json(RunDocument.Inline(await runs.RunAsync(request.Caller(), agent, body, aborted)));
        }

        // Whatever becomes of the answer, its run ends when the request does.
        var reader = await runs.StreamAsync(request.Caller(), agent, body, aborted);
        return EventAnswers.Stream(
            request, reader, new EventProjection(query: null), isWhole: true, request.Caller(), disabled, time, logger, CancellationToken.None);
    }
}
