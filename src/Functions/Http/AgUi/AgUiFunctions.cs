using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Events;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Functions.Http.Segments;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Tools;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Http.AgUi;

/// <summary>Agents for pages that speak AG-UI, such as those of CopilotKit: a thread is a conversation.</summary>
public sealed class AgUiFunctions(
    RunService runs, RunControl control, RunEvents events, ConversationService conversations, UsageService usage, ClientToolService tools,
    ApprovalService approvals, ToolCatalog catalog, DisabledUsers disabled, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<AgUiFunctions> logger)
{
    private readonly ChatRuns _chats = new(runs, control, conversations);

    [Function(nameof(RunAgUi))]
    public Task<IResult> RunAgUi(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "ag-ui/{agent}")] HttpRequest request, string agent, [DurableClient] DurableTaskClient client) =>
        usage.WithRateAsync(request, agent, logger, () => RunAsync(request, agent));

    private async Task<IResult> RunAsync(HttpRequest request, string agent)
    {
        RequestHeaders.RejectOtherQuery(request);
        var asked = await AgUiRequest.ReadAsync(request);
        var (scope, aborted) = (request.OwnScope(), request.HttpContext.RequestAborted);
        var answers = new RunAnswers(runs, tools, approvals, catalog);
        if (asked.Chat.LastRun is { } last && asked.Answers.Count > 0
            && await answers.TryAsync(scope, agent, asked.Answers, last, waits: false, "messages", aborted) is var (waiting, segment))
        {
            return Stream(request, asked, (await events.OpenAsync(scope, waiting.Id, after: null, aborted))!, segment);
        }

        var key = RequestHeaders.ReadIdempotency(request, $"{agent}/ag-ui", asked.Sent);
        var start = await _chats.CompleteAsync(scope, asked.Chat, asked.Start, key, "messages", aborted);
        var (reader, run) = await StartedStream.OpenAsync(
            events, scope, beforeDriving => runs.StartAsync(scope.Caller, agent, start, key, wait: null, aborted, beforeDriving), aborted);
        request.HttpContext.Response.Headers.Location = RunLinks.Of(run.Id, query: "").Self;
        return Stream(request, asked, reader, segment: 1);
    }

    /// <summary>Told to its end: nobody can come back to it.</summary>
    private IResult Stream(HttpRequest request, AgUiRequest asked, RunEventReader reader, int segment) => EventAnswers.Stream(
        request, reader, new AgUiProjection(asked.Chat.Id, asked.RunId, segment, catalog), isWhole: true, request.Caller(), disabled, time, logger,
        lifetime.ApplicationStopping);
}
