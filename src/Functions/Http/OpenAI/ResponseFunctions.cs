using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Events;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Segments;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Tools;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>Responses: durable runs, and runs within the request where nothing is to be kept.</summary>
public sealed class ResponseFunctions(
    RunService runs, RunForking forking, RunControl control, InlineRuns inline, RunEvents events, ConversationService conversations, UsageService usage,
    ClientToolService tools, ApprovalService approvals, ToolCatalog catalog, DisabledUsers disabled, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<ResponseFunctions> logger)
{
    /// <summary>With <c>wait</c>, approvals are decided elsewhere and the response waits for them.</summary>
    private const string Approvals = "X-Yggdrasil-Approvals";

    private const string Streamed = "stream";
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
        RequestHeaders.RejectOtherQuery(request, Streamed, StartingAfter, "include", "include[]", "include_obfuscation");
        var isStreamed = request.Query[Streamed].ToString() switch
        {
            "true" => true,
            "" or "false" => false,
            _ => throw new InvalidRequestException(Streamed, "Must be true or false."),
        };
        return await OfAsync(id, response => isStreamed ? StreamAsync(request, response, ReadStartingAfter(request)) : ReadAsync(request, response));
    }

    [Function(nameof(ListInputItems))]
    public async Task<IResult> ListInputItems(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/responses/{id}/input_items")] HttpRequest request,
        string id,
        [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "order", "after", "include", "include[]");
        var limit = RequestHeaders.ReadNumber(request, "limit", otherwise: 20, max: 100);
        var isDescending = OpenAIFields.ReadIsDescending(request);
        var run = await OfAsync(id, response => runs.GetToShowAsync(request.OwnScope(), response.RunId, request.HttpContext.RequestAborted));
        var items = ResponseItems.Input(run).ToList();
        if (isDescending)
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
        return await OfAsync(id, async response =>
        {
            var (run, _) = await control.CancelAsync(scope, response.RunId, aborted);
            await runs.WaitAsync(run, CancelPatience, aborted);
            return await ReadAsync(request, response);
        });
    }

    [Function(nameof(DeleteResponse))]
    public async Task<IResult> DeleteResponse(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/responses/{id}")] HttpRequest request, string id, [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request);
        await RequestBody.RequireEmptyAsync(request);
        return await OfAsync(id, async response =>
        {
            await control.DeleteAsync(request.OwnScope(), response.RunId, request.HttpContext.RequestAborted);
            return OpenAIJson.Answer(new JsonObject { ["id"] = id, ["object"] = "response", ["deleted"] = true });
        });
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

        var answers = new RunAnswers(runs, tools, approvals, catalog);
        if (await answers.TryAsync(
            request.OwnScope(), asked.Model, asked.Input.Answers, asked.Previous?.RunId, WaitsForApprovals(request), "input", aborted) is var (run, segment))
        {
            return await AnswerAsync(request, asked, run, segment, created: true);
        }

        asked = await CompleteAsync(request, asked);
        try
        {
            return asked.IsStored || asked.Start.ClientTools.Count > 0 ? await StartAsync(request, asked) : await InlineAsync(request, asked);
        }
        catch (NotFoundException)
        {
            // What else the request names was there a moment ago.
            throw ModelFunctions.NotFound(asked.Model);
        }
    }

    /// <summary>The request with what its model is to be shown.</summary>
    private async Task<ResponseRequest> CompleteAsync(HttpRequest request, ResponseRequest asked)
    {
        var (scope, aborted) = (request.OwnScope(), request.HttpContext.RequestAborted);
        if (asked.Previous is { } previous)
        {
            var (run, entries) = await OfAsync(
                ResponseItems.ResponseId(previous.RunId, previous.Segment), response => runs.GetStepsAsync(scope, response.RunId, aborted));
            RunAnswers.RequireAll(run, new HashSet<string>(), WaitsForApprovals(request), "input");
            if (SegmentReader.Read(run, entries, previous.Segment, catalog, WaitsForApprovals(request)) is not { } read)
            {
                throw ResponseRequest.NoResponse(ResponseItems.ResponseId(run.Id, previous.Segment));
            }

            if (read.HasNext)
            {
                throw new InvalidRequestException(
                    "previous_response_id", $"The response went on as {ResponseItems.ResponseId(run.Id, previous.Segment + 1)}: name the last of its responses.");
            }
        }

        var messages = await new InputHistory(runs, scope, aborted).RebuildAsync(asked.Input.Items, "input");
        return asked with { Start = asked.Start with { Input = messages } };
    }

    private async Task<IResult> StartAsync(HttpRequest request, ResponseRequest asked)
    {
        var (scope, aborted) = (request.OwnScope(), request.HttpContext.RequestAborted);
        var key = RequestHeaders.ReadIdempotency(request, $"{asked.Model}/responses", asked.Sent);
        TimeSpan? wait = asked.IsBackground ? TimeSpan.Zero : null;
        Task<StartedRun> BeginAsync(Func<Run, Task>? beforeDriving) => asked.Previous is { } previous
            ? forking.ContinueAsync(scope.Caller, previous.RunId, asked.Model, asked.Start, key, wait, aborted, beforeDriving)
            : runs.StartAsync(scope.Caller, asked.Model, asked.Start, key, wait, aborted, beforeDriving);
        if (asked.Stream)
        {
            var (reader, _) = await StartedStream.OpenAsync(events, scope, BeginAsync, aborted);
            return Stream(request, reader, segment: 1, startingAfter: null);
        }

        var started = await BeginAsync(beforeDriving: null);
        return await AnswerAsync(request, asked, started.Run, segment: 1, started.Created);
    }

    /// <summary>Answers a run that goes on: what it says from here on, or that it does.</summary>
    private async Task<IResult> AnswerAsync(HttpRequest request, ResponseRequest asked, Run run, int segment, bool created)
    {
        if (asked.Stream)
        {
            return await StreamAsync(request, (run.Id, segment), startingAfter: null);
        }

        if (asked.IsBackground)
        {
            return created ? OpenAIJson.Answer(ResponseDocuments.Of(run, [], "queued", segment)) : await ReadAsync(request, (run.Id, segment));
        }

        var aborted = request.HttpContext.RequestAborted;
        var reader = await events.FollowAsync(request.OwnScope(), run.Id, aborted);
        var read = await SegmentReader.FollowAsync(reader, segment, catalog, WaitsForApprovals(request), SegmentReader.Wait, time, aborted);
        var document = ResponseDocuments.Of(read);
        document["store"] = asked.IsStored;
        return OpenAIJson.Answer(document);
    }

    private async Task<IResult> InlineAsync(HttpRequest request, ResponseRequest asked)
    {
        var aborted = request.HttpContext.RequestAborted;
        var reader = await inline.StreamAsync(request.Caller(), asked.Model, asked.Start, aborted);
        if (asked.Stream)
        {
            return EventAnswers.Stream(
                request, reader, new ResponseProjection(startingAfter: null, segment: 1, catalog, waits: true), isWhole: true, request.Caller(), disabled, time,
                logger, CancellationToken.None);
        }

        var read = await SegmentReader.FollowAsync(reader, segment: 1, catalog, waits: true, Timeout.InfiniteTimeSpan, time, aborted);
        var document = ResponseDocuments.Of(read);
        document["store"] = false;
        return OpenAIJson.Answer(document);
    }

    private async Task<IResult> ReadAsync(HttpRequest request, (string RunId, int Segment) response)
    {
        var (scope, aborted) = (request.OwnScope(), request.HttpContext.RequestAborted);
        var (run, steps) = await runs.GetStepsAsync(scope, response.RunId, aborted);
        if (!run.IsTerminal && (await runs.GetToShowAsync(scope, response.RunId, aborted)).IsTerminal)
        {
            // It was overdue, or has ended meanwhile.
            (run, steps) = await runs.GetStepsAsync(scope, response.RunId, aborted);
        }

        return SegmentReader.Read(run, steps, response.Segment, catalog, WaitsForApprovals(request)) is { } read
            ? OpenAIJson.Answer(ResponseDocuments.Of(read))
            : throw ResponseRequest.NoResponse(ResponseItems.ResponseId(response.RunId, response.Segment));
    }

    private async Task<IResult> StreamAsync(HttpRequest request, (string RunId, int Segment) response, int? startingAfter)
    {
        var reader = await events.OpenAsync(request.OwnScope(), response.RunId, after: null, request.HttpContext.RequestAborted);
        return Stream(request, reader!, response.Segment, startingAfter);
    }

    private IResult Stream(HttpRequest request, RunEventReader reader, int segment, int? startingAfter) => EventAnswers.Stream(
        request, reader, new ResponseProjection(startingAfter, segment, catalog, WaitsForApprovals(request)), isWhole: false, request.Caller(),
        disabled, time, logger, lifetime.ApplicationStopping);

    private static bool WaitsForApprovals(HttpRequest request) => request.Headers[Approvals].ToString() == "wait";

    /// <summary>Does what is asked with the run of a response. Where there is none, the response is what is not there.</summary>
    private static async Task<T> OfAsync<T>(string id, Func<(string RunId, int Segment), Task<T>> act)
    {
        try
        {
            return await act(ResponseItems.RunOf(id) ?? throw ResponseRequest.NoResponse(id));
        }
        catch (NotFoundException)
        {
            throw ResponseRequest.NoResponse(id);
        }
    }

    private static int? ReadStartingAfter(HttpRequest request) =>
        !request.Query.TryGetValue(StartingAfter, out var text) ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new InvalidRequestException(StartingAfter, "Must be the sequence_number of an event.");
}
