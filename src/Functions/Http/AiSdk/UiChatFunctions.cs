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

namespace Yggdrasil.Functions.Http.AiSdk;

/// <summary>Chats of AI SDK's <c>useChat</c>: each is a conversation, and each of its answers a durable run.</summary>
public sealed class UiChatFunctions(
    RunService runs, RunControl control, RunEvents events, ConversationService conversations, UsageService usage, ClientToolService tools,
    ApprovalService approvals, ToolCatalog catalog, DisabledUsers disabled, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<UiChatFunctions> logger)
{
    /// <summary>By this, AI SDK knows the stream.</summary>
    private const string StreamHeader = "x-vercel-ai-ui-message-stream";

    private readonly ChatRuns _chats = new(runs, control, conversations);

    [Function(nameof(SendChat))]
    public Task<IResult> SendChat(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/agents/{agent}/chat")] HttpRequest request,
        string agent,
        [DurableClient] DurableTaskClient client) =>
        usage.WithRateAsync(request, agent, logger, () => SendAsync(request, agent));

    [Function(nameof(ResumeChat))]
    public async Task<IResult> ResumeChat(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/agents/{agent}/chat/{id}/stream")] HttpRequest request,
        string agent,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request);
        var (scope, aborted) = (request.OwnScope(), request.HttpContext.RequestAborted);
        if ((await _chats.FindAsync(scope, id, aborted))?.ActiveRun is not { } active)
        {
            return Results.NoContent();
        }

        var (run, steps) = await runs.GetStepsAsync(scope, active, aborted);
        if (run.AgentId != agent)
        {
            return Results.NoContent();
        }

        var outline = new RunOutline(() => run, catalog, waits: false);
        foreach (var step in steps)
        {
            outline.Add(step);
        }

        // A run that waits is told up to where it does: the page can answer then.
        var last = outline.HasBegun || outline.Segment == 1 ? outline.Segment : outline.Segment - 1;
        return await StreamAsync(request, run.Id, from: 1, to: last);
    }

    private async Task<IResult> SendAsync(HttpRequest request, string agent)
    {
        RequestHeaders.RejectOtherQuery(request);
        var chat = await UiChatRequest.ReadAsync(request);
        var (scope, aborted) = (request.OwnScope(), request.HttpContext.RequestAborted);
        var answers = new RunAnswers(runs, tools, approvals, catalog);
        if (chat.Chat.LastRun is { } asked && chat.Answers.Count > 0
            && await answers.TryAsync(scope, agent, chat.Answers, asked, waits: false, "messages", aborted) is var (waiting, segment))
        {
            return await StreamAsync(request, waiting.Id, segment, segment);
        }

        var key = RequestHeaders.ReadIdempotency(request, $"{agent}/chat", chat.Sent);
        var start = await _chats.CompleteAsync(scope, chat.Chat, chat.Start, key, "messages", aborted);
        var (reader, run) = await StartedStream.OpenAsync(
            events, scope, beforeDriving => runs.StartAsync(scope.Caller, agent, start, key, wait: null, aborted, beforeDriving), aborted);
        request.HttpContext.Response.Headers.Location = RunLinks.Of(run.Id, query: "").Self;
        return Stream(request, reader, from: 1, to: 1);
    }

    private async Task<IResult> StreamAsync(HttpRequest request, string runId, int from, int to) =>
        Stream(request, (await events.OpenAsync(request.OwnScope(), runId, after: null, request.HttpContext.RequestAborted))!, from, to);

    /// <summary>Told to its end: a page takes a stream that ends for a message that is whole.</summary>
    private IResult Stream(HttpRequest request, RunEventReader reader, int from, int to)
    {
        request.HttpContext.Response.Headers[StreamHeader] = "v1";
        return EventAnswers.Stream(
            request, reader, new UiMessageProjection(from, to, catalog), isWhole: true, request.Caller(), disabled, time, logger, lifetime.ApplicationStopping);
    }
}
