using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Durable;
using Yggdrasil.Limits;
using Yggdrasil.Problems;
using Yggdrasil.Runs;

namespace Yggdrasil.Functions.Http;

public sealed class RunFunctions(RunService runs, RunForking forking, UsageService usage, ILogger<RunFunctions> logger)
{
    [Function(nameof(StartRun))]
    public Task<IResult> StartRun(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/agents/{agent}/runs")] HttpRequest request,
        string agent,
        [DurableClient] DurableTaskClient client) =>
        usage.WithRateAsync(request, agent, logger, () => StartRunAsync(request, agent, client));

    [Function(nameof(ForkRun))]
    public Task<IResult> ForkRun(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/runs/{id}/fork")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client) =>
        usage.WithRateAsync(request, agentId: null, logger, () => ForkRunAsync(request, id, client));

    [Function(nameof(GetRun))]
    public async Task<IResult> GetRun(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/runs/{id}")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        var scope = request.Scope();
        return Answers.Json(RunDocument.From(await runs.GetAsync(scope, id, new DurableRunScheduler(client), request.HttpContext.RequestAborted), scope.ToQuery()));
    }

    [Function(nameof(GetRunSteps))]
    public async Task<IResult> GetRunSteps(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/runs/{id}/steps")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        var (_, steps) = await runs.GetStepsAsync(request.Scope(), id, request.HttpContext.RequestAborted);
        return Answers.Json(new ListDocument<StepDocument>(StepDocument.From(steps), Next: null));
    }

    [Function(nameof(ListRuns))]
    public async Task<IResult> ListRuns(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "api/runs")] HttpRequest request, [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request, "status", "agent", "conversationId", "limit", "after", RequestScope.UserId);
        var (limit, after) = RequestHeaders.ReadPage(request);
        var filter = new RunFilter(ReadStatus(request), Query(request, "agent"), Query(request, "conversationId"));
        var scope = request.Scope();
        return Answers.List(
            await runs.ListAsync(scope, filter, limit, after, new DurableRunScheduler(client), request.HttpContext.RequestAborted),
            run => RunDocument.From(run, scope.ToQuery()));
    }

    private async Task<IResult> StartRunAsync(HttpRequest request, string agent, DurableTaskClient client)
    {
        // Not for another user: whoever starts a run answers for it, admins too.
        RequestHeaders.RejectOtherQuery(request);
        var body = await RequestBody.ReadAsync(request);
        return Answer(request, await runs.StartAsync(
            request.Caller(),
            agent,
            RunRequest.Parse(body),
            RequestHeaders.ReadIdempotency(request, agent, body),
            RequestHeaders.ReadWait(request),
            new DurableRunScheduler(client),
            request.HttpContext.RequestAborted));
    }

    private async Task<IResult> ForkRunAsync(HttpRequest request, string id, DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request);
        var body = await RequestBody.ReadAsync(request);
        return Answer(request, await forking.ForkAsync(
            request.Caller(),
            id,
            RunRequest.ParseFork(body),
            RequestHeaders.ReadIdempotency(request, $"{id}/fork", body),
            RequestHeaders.ReadWait(request),
            new DurableRunScheduler(client),
            request.HttpContext.RequestAborted));
    }

    private static IResult Answer(HttpRequest request, StartedRun started)
    {
        var (run, created) = started;
        request.HttpContext.Response.Headers.Location = RunLinks.Of(run.Id, query: "").Self;
        return Answers.Json(RunDocument.From(run), created && !run.IsTerminal ? StatusCodes.Status202Accepted : StatusCodes.Status200OK);
    }

    private static RunStatus? ReadStatus(HttpRequest request)
    {
        if (Query(request, "status") is not { } text)
        {
            return null;
        }

        var names = ContractJson.Choices<RunStatus>();
        return names.TryGetValue(text, out var status)
            ? status
            : throw new InvalidRequestException("status", $"Must be one of {string.Join(", ", names.Keys)}.");
    }

    private static string? Query(HttpRequest request, string name) => request.Query.TryGetValue(name, out var value) ? value.ToString() : null;
}
