using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Events;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Segments;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Tools;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>Chat completions: a run within the request, of which nothing is kept; a stored one where the caller asks for that.</summary>
public sealed class ChatFunctions(
    InlineRuns inline, RunService runs, RunEvents events, UsageService usage, ClientToolService tools, ApprovalService approvals, ToolCatalog catalog,
    DisabledUsers disabled, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<ChatFunctions> logger)
{
    [Function(nameof(CreateChatCompletion))]
    public Task<IResult> CreateChatCompletion(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/chat/completions")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        usage.WithRateAsync(request, agentId: null, logger, () => CompleteAsync(request));

    private async Task<IResult> CompleteAsync(HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request);
        var chat = await ChatRequest.ReadAsync(request);
        var aborted = request.HttpContext.RequestAborted;

        // A run that waits for its caller outlives the request.
        var isStored = chat.IsStored || chat.Start.ClientTools.Count > 0 || RequestHeaders.ReadIdempotencyKey(request) is not null;
        var segment = 1;
        RunEventReader reader;
        try
        {
            var answers = new RunAnswers(runs, tools, approvals, catalog);
            if (await answers.TryAsync(request.OwnScope(), chat.Model, chat.Input.Answers, previous: null, waits: true, "messages", aborted) is var (waiting, next))
            {
                (segment, isStored) = (next, true);
                reader = await OpenAsync(request, chat, waiting.Id);
            }
            else
            {
                var messages = await new InputHistory(runs, request.OwnScope(), aborted).RebuildAsync(chat.Input.Items, "messages");
                chat = chat with { Start = chat.Start with { Input = messages } };
                reader = isStored ? await StartAsync(request, chat) : await inline.StreamAsync(request.Caller(), chat.Model, chat.Start, aborted);
            }
        }
        catch (NotFoundException)
        {
            throw ModelFunctions.NotFound(chat.Model);
        }

        if (chat.Stream)
        {
            return EventAnswers.Stream(
                request, reader, new ChatProjection(request.Path, chat.IncludeUsage, segment, catalog), isWhole: true, request.Caller(), disabled, time, logger,
                isStored ? lifetime.ApplicationStopping : CancellationToken.None);
        }

        var read = await SegmentReader.FollowAsync(
            reader, segment, catalog, waits: true, isStored ? SegmentReader.Wait : Timeout.InfiniteTimeSpan, time, aborted);
        return read.IsGoingOn ? throw new RunEndedException("deadline_exceeded", "The run did not end in time; repeat the request with its Idempotency-Key.")
            : read.End is null && ChatDocuments.FindFailure(read.Run) is { } failure ? throw failure
            : OpenAIJson.Answer(ChatDocuments.Completion(read));
    }

    /// <summary>Who waits for a whole answer takes no place among those who read events.</summary>
    private async Task<RunEventReader> OpenAsync(HttpRequest request, ChatRequest chat, string runId) => chat.Stream
        ? (await events.OpenAsync(request.OwnScope(), runId, after: null, request.HttpContext.RequestAborted))!
        : await events.FollowAsync(request.OwnScope(), runId, request.HttpContext.RequestAborted);

    private async Task<RunEventReader> StartAsync(HttpRequest request, ChatRequest chat)
    {
        var (scope, aborted) = (request.OwnScope(), request.HttpContext.RequestAborted);

        // Nobody comes back for the answer, so the run is not to outlive who waits for it; unless it is to wait for its caller.
        var start = chat.Start.ClientTools.Count > 0 ? chat.Start : chat.Start with { DeadlineSeconds = InlineRuns.MaxDeadlineSeconds };
        var idempotency = RequestHeaders.ReadIdempotency(request, $"{chat.Model}/chat", chat.Sent);
        Task<StartedRun> BeginAsync(Func<Run, Task>? beforeDriving) =>
            runs.StartAsync(scope.Caller, chat.Model, start, idempotency, wait: null, aborted, beforeDriving);
        return chat.Stream
            ? (await StartedStream.OpenAsync(events, scope, BeginAsync, aborted)).Reader
            : await events.FollowAsync(scope, (await BeginAsync(beforeDriving: null)).Run.Id, aborted);
    }
}
