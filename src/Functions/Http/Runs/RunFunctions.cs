using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Events;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Http.Runs;

public sealed class RunFunctions(
    RunService runs, RunForking forking, RunEvents events, UsageService usage, DisabledUsers disabled, IHostApplicationLifetime lifetime,
    TimeProvider time, ILogger<RunFunctions> logger)
{
    private const string Input = "input";

    [Function(nameof(StartRun))]
    public Task<IResult> StartRun(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/agents/{agent}/runs")] HttpRequest request,
        string agent,
        [DurableClient] DurableTaskClient client) =>
        usage.WithRateAsync(request, agent, logger, () => StartRunAsync(request, agent));

    [Function(nameof(ForkRun))]
    public Task<IResult> ForkRun(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/runs/{id}/fork")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client) =>
        usage.WithRateAsync(request, agentId: null, logger, () => ForkRunAsync(request, id));

    [Function(nameof(GetRun))]
    public async Task<IResult> GetRun(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/runs/{id}")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request, RequestHeaders.Fields, RequestScope.UserId);
        var fields = FieldSelection<RunDocument>.Read(request);
        var scope = request.Scope();
        return Answers.Json(fields.Apply(RunDocument.WithInput(
            await runs.GetToShowAsync(scope, id, request.HttpContext.RequestAborted), scope.ToQuery())));
    }

    [Function(nameof(GetRunSteps))]
    public async Task<IResult> GetRunSteps(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/runs/{id}/steps")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        var scope = request.Scope();
        var (run, steps) = await runs.GetStepsAsync(scope, id, request.HttpContext.RequestAborted);
        return Answers.Json(new ListDocument<StepDocument>(StepDocument.From(run, steps, scope.Caller.IsOperator), Next: null));
    }

    [Function(nameof(ListRuns))]
    public async Task<IResult> ListRuns(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/runs")] HttpRequest request, [DurableClient] DurableTaskClient client)
    {
        var filter = RunQuery.Read(request);
        var (limit, after) = RequestHeaders.ReadPage(request);

        // What was asked can be long, and is read by itself: lists have it for who wants it.
        var fields = FieldSelection<RunDocument>.Read(request, otherwise: Input);
        var scope = request.Scope();
        return Answers.List(
            await runs.ListAsync(
                scope,
                filter with { WithInput = fields.Contains(Input) },
                limit,
                after,
                request.HttpContext.RequestAborted),
            run => fields.Apply(RunDocument.WithInput(run, scope.ToQuery())));
    }

    private async Task<IResult> StartRunAsync(HttpRequest request, string agent)
    {
        // Not for another user: whoever starts a run answers for it, admins too.
        RequestHeaders.RejectOtherQuery(request);
        var body = await RequestBody.ReadAsync(request);
        var asEvents = RequestHeaders.Accepts(request, EventAnswers.MediaType);
        var start = RunRequest.Parse(body, asEvents);
        var idempotency = RequestHeaders.ReadIdempotency(request, agent, body);
        var wait = RequestHeaders.ReadWait(request);

        if (asEvents)
        {
            return await StreamAsync(request, agent, start, idempotency);
        }

        return await AnswerAsync(request, await runs.StartAsync(
            request.Caller(), agent, start, idempotency, wait, request.HttpContext.RequestAborted));
    }

    /// <summary>Starts a run and answers its events from the first on. It goes on whatever becomes of this request.</summary>
    private async Task<IResult> StreamAsync(HttpRequest request, string agent, StartRun start, Idempotency? idempotency)
    {
        var aborted = request.HttpContext.RequestAborted;
        var scope = request.OwnScope();

        var (reader, run) = await StartedStream.OpenAsync(
            events, scope, beforeDriving => runs.StartAsync(request.Caller(), agent, start, idempotency, wait: null, aborted, beforeDriving), aborted);
        request.HttpContext.Response.Headers.Location = RunLinks.Of(run.Id, query: "").Self;
        return EventAnswers.Stream(
            request, reader, new EventProjection(scope.ToQuery()), isWhole: false, scope.Caller, disabled, time, logger, lifetime.ApplicationStopping);
    }

    private async Task<IResult> ForkRunAsync(HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request);
        var body = await RequestBody.ReadAsync(request);
        return await AnswerAsync(request, await forking.ForkAsync(
            request.Caller(),
            id,
            RunRequest.ParseFork(body),
            RequestHeaders.ReadIdempotency(request, $"{id}/fork", body),
            RequestHeaders.ReadWait(request),
            request.HttpContext.RequestAborted));
    }

    private async Task<IResult> AnswerAsync(HttpRequest request, StartedRun started)
    {
        var created = started.Created;
        var run = await runs.ToShowAsync(started.Run, request.HttpContext.RequestAborted);
        request.HttpContext.Response.Headers.Location = RunLinks.Of(run.Id, query: "").Self;
        return Answers.Json(RunDocument.WithInput(run), created && !run.IsTerminal ? StatusCodes.Status202Accepted : StatusCodes.Status200OK);
    }
}
