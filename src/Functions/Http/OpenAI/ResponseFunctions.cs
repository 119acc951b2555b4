using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Events;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>Responses: durable runs, and runs within the request where nothing is to be kept.</summary>
public sealed class ResponseFunctions(
    RunService runs, RunForking forking, RunControl control, InlineRuns inline, RunEvents events, ConversationService conversations, UsageService usage,
    DisabledUsers disabled, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<ResponseFunctions> logger)
{
    private const string Stream = "stream";
    private const string StartingAfter = "starting_after";

    /// <summary>How long a cancelled response is waited for, so that the answer says how it ended.</summary>
    private static readonly TimeSpan CancelPatience = TimeSpan.FromSeconds(5);

    [Function(nameof(CreateResponse))]
    public Task<IResult> CreateResponse(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/responses")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        usage.WithRateAsync(request, agentId: null, logger, () => CreateAsync(request));

    [Function(nameof(GetResponse))]
    public async Task<IResult> GetResponse(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/responses/{id}")] HttpRequest request, string id, [DurableClient] DurableTaskClient client)
    {
        // Both spellings of the list are sent; what it names is in the answer anyway, or is not there at all.
        RequestHeaders.RejectOtherQuery(request, Stream, StartingAfter, "include", "include[]", "include_obfuscation");
        return request.Query[Stream].ToString() == "true"
            ? await StreamAsync(request, RunOf(id), ReadStartingAfter(request))
            : await ReadAsync(request, RunOf(id));
    }

    [Function(nameof(ListInputItems))]
    public async Task<IResult> ListInputItems(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/responses/{id}/input_items")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "order", "after", "include", "include[]");
        var limit = RequestHeaders.ReadNumber(request, "limit", otherwise: 20, max: 100);
        var order = request.Query["order"].ToString() is { Length: > 0 } named ? named : "desc";
        if (order is not ("asc" or "desc"))
        {
            throw new InvalidRequestException("order", "Must be asc or desc.");
        }

        var run = await runs.GetToShowAsync(request.OwnScope(), RunOf(id), request.HttpContext.RequestAborted);
        var items = ResponseItems.Input(run).ToList();
        if (order == "desc")
        {
            items.Reverse();
        }

        var after = request.Query["after"].ToString();
        var from = after.Length == 0 ? 0 : items.FindIndex(item => item["id"]!.GetValue<string>() == after) + 1;
        return after.Length > 0 && from == 0
            ? throw new InvalidRequestException("after", "This is not the id of an input item of this response.")
            : OpenAIJson.Answer(OpenAIJson.List(items.Skip(from).Take(limit), hasMore: items.Count > from + limit));
    }

    [Function(nameof(CancelResponse))]
    public async Task<IResult> CancelResponse(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/responses/{id}/cancel")] HttpRequest request, string id, [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request);
        await RequestBody.RequireEmptyAsync(request);
        var (scope, aborted) = (request.OwnScope(), request.HttpContext.RequestAborted);
        var (run, _) = await control.CancelAsync(scope, RunOf(id), aborted);
        await runs.WaitAsync(run, CancelPatience, aborted);
        return await ReadAsync(request, run.Id);
    }

    [Function(nameof(DeleteResponse))]
    public async Task<IResult> DeleteResponse(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/responses/{id}")] HttpRequest request, string id, [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request);
        await RequestBody.RequireEmptyAsync(request);
        await control.DeleteAsync(request.OwnScope(), RunOf(id), request.HttpContext.RequestAborted);
        return OpenAIJson.Answer(new JsonObject { ["id"] = id, ["object"] = "response", ["deleted"] = true });
    }

    private async Task<IResult> CreateAsync(HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request);
        var asked = await ResponseRequest.ReadAsync(request);
        var aborted = request.HttpContext.RequestAborted;
        if (asked.Start.ConversationId is { } conversation)
        {
            await conversations.GetAsync(request.OwnScope(), conversation, aborted);
        }

        if (asked.Previous is { } previous)
        {
            await runs.GetAsync(request.OwnScope(), previous, aborted);
        }

        try
        {
            return asked.IsStored ? await StartAsync(request, asked) : await InlineAsync(request, asked);
        }
        catch (NotFoundException)
        {
            // What else the request names was there a moment ago.
            throw ModelFunctions.NotFound(asked.Model);
        }
    }

    private async Task<IResult> StartAsync(HttpRequest request, ResponseRequest asked)
    {
        var (caller, aborted) = (request.Caller(), request.HttpContext.RequestAborted);
        var key = RequestHeaders.ReadIdempotency(request, $"{asked.Model}/responses", asked.Sent);
        TimeSpan? wait = asked.IsBackground ? TimeSpan.Zero : asked.Stream ? null : OpenAIRuns.Wait;
        var started = asked.Previous is { } previous
            ? await forking.ContinueAsync(caller, previous, asked.Model, asked.Start, key, wait, aborted)
            : await runs.StartAsync(caller, asked.Model, asked.Start, key, wait, aborted);
        return asked.Stream ? await StreamAsync(request, started.Run.Id, startingAfter: null)
            : asked.IsBackground && started.Created ? OpenAIJson.Answer(ResponseDocuments.Of(started.Run, []))
            : await ReadAsync(request, started.Run.Id);
    }

    private async Task<IResult> InlineAsync(HttpRequest request, ResponseRequest asked)
    {
        var aborted = request.HttpContext.RequestAborted;
        var reader = await inline.StreamAsync(request.Caller(), asked.Model, asked.Start, aborted);
        if (asked.Stream)
        {
            return EventAnswers.Stream(
                request, reader, new ResponseProjection(startingAfter: null), isWhole: true, request.Caller(), disabled, time, logger, CancellationToken.None);
        }

        var (run, steps) = await OpenAIRuns.ReadToEndAsync(reader, aborted);
        var document = ResponseDocuments.Of(run, ResponseItems.Of(run, steps));
        document["store"] = false;
        return OpenAIJson.Answer(document);
    }

    private async Task<IResult> ReadAsync(HttpRequest request, string runId)
    {
        var (scope, aborted) = (request.OwnScope(), request.HttpContext.RequestAborted);
        var (run, steps) = await runs.GetStepsAsync(scope, runId, aborted);
        if (!run.IsTerminal && (await runs.GetToShowAsync(scope, runId, aborted)).IsTerminal)
        {
            // It was overdue, or has ended meanwhile.
            (run, steps) = await runs.GetStepsAsync(scope, runId, aborted);
        }

        return OpenAIJson.Answer(ResponseDocuments.Of(run, ResponseItems.Of(run, steps)));
    }

    private async Task<IResult> StreamAsync(HttpRequest request, string runId, int? startingAfter)
    {
        var reader = await events.OpenAsync(request.OwnScope(), runId, after: null, request.HttpContext.RequestAborted);
        return EventAnswers.Stream(
            request, reader!, new ResponseProjection(startingAfter), isWhole: false, request.Caller(), disabled, time, logger, lifetime.ApplicationStopping);
    }

    private static string RunOf(string responseId) => ResponseItems.RunOf(responseId) ?? throw ResponseRequest.NoResponse(responseId);

    private static int? ReadStartingAfter(HttpRequest request) =>
        !request.Query.TryGetValue(StartingAfter, out var text) ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new InvalidRequestException(StartingAfter, "Must be the sequence_number of an event.");
}
