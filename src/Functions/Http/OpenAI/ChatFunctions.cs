using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Events;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>Chat completions: a run within the request, of which nothing is kept; a stored one where the caller asks for that.</summary>
public sealed class ChatFunctions(
    InlineRuns inline, RunService runs, RunEvents events, UsageService usage, DisabledUsers disabled, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<ChatFunctions> logger)
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
        var isStored = chat.IsStored || RequestHeaders.ReadIdempotencyKey(request) is not null;
        RunEventReader reader;
        try
        {
            reader = isStored ? await StartAsync(request, chat) : await inline.StreamAsync(request.Caller(), chat.Model, chat.Start, aborted);
        }
        catch (NotFoundException)
        {
            throw ModelFunctions.NotFound(chat.Model);
        }

        if (chat.Stream)
        {
            return EventAnswers.Stream(
                request, reader, new ChatProjection(request.Path, chat.IncludeUsage), isWhole: true, request.Caller(), disabled, time, logger,
                isStored ? lifetime.ApplicationStopping : CancellationToken.None);
        }

        var (run, steps) = await OpenAIRuns.ReadToEndAsync(reader, aborted);
        return ChatDocuments.FindFailure(run) is { } failure
            ? throw failure
            : OpenAIJson.Answer(ChatDocuments.Completion(
                run, steps.Where(step => step.Kind == EntryKind.Model).Select(step => step.Text()).Where(text => text.Length > 0)));
    }

    private async Task<RunEventReader> StartAsync(HttpRequest request, ChatRequest chat)
    {
        var aborted = request.HttpContext.RequestAborted;
        var started = await runs.StartAsync(
            request.Caller(),
            chat.Model,
            // Nobody comes back for the answer, so the run is not to outlive who waits for it.
            chat.Start with { DeadlineSeconds = InlineRuns.MaxDeadlineSeconds },
            RequestHeaders.ReadIdempotency(request, $"{chat.Model}/chat", chat.Sent),
            wait: null,
            aborted);
        return (await events.OpenAsync(request.OwnScope(), started.Run.Id, after: null, aborted))!;
    }
}
