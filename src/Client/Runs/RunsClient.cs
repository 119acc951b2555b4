using System.Text.Json;
using Yggdrasil.Client.Sending;

namespace Yggdrasil.Client;

/// <summary>Runs: start, follow, wait, control, read.</summary>
public sealed class RunsClient
{
    /// <summary>Less than the ten seconds that the standard resilience handler gives an attempt.</summary>
    private const string WaitInRequest = "wait=8";
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly Transport _transport;

    internal RunsClient(Transport transport) => _transport = transport;

    /// <summary>Starts a run and waits for its end, through restarts of the server.</summary>
    /// <param name="agent">The agent's id.</param>
    /// <param name="input">What it is asked.</param>
    /// <param name="cancellationToken">Ends the wait; the run goes on.</param>
    /// <returns>The run, however it ended: <see cref="Run.EnsureCompleted"/>.</returns>
    public Task<Run> RunAsync(string agent, RunInput input, CancellationToken cancellationToken = default) =>
        RunAsync(agent, new StartRun { Input = input }, cancellationToken: cancellationToken);

    /// <inheritdoc cref="RunAsync(string, RunInput, CancellationToken)"/>
    /// <param name="request">What it is asked, and how.</param>
    /// <param name="idempotencyKey">A key of the caller's own, so that another process of its repeats the start; null makes one.</param>
    public async Task<Run> RunAsync(string agent, StartRun request, string? idempotencyKey = null, CancellationToken cancellationToken = default)
    {
        var run = await _transport.SendAsync(
            Start(agent, request, idempotencyKey) with { Prefer = WaitInRequest }, ClientJson.Default.Run, cancellationToken).ConfigureAwait(false);
        return run.HasEnded ? run : await WaitAsync(run.Id, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Starts a run. However often the request is sent, there is one run.</summary>
    /// <param name="agent">The agent's id.</param>
    /// <param name="request">What it is asked, and how.</param>
    /// <param name="idempotencyKey">A key of the caller's own, so that another process of its repeats the start; null makes one.</param>
    /// <param name="cancellationToken">Ends the attempt. Whether there is a run then is not known.</param>
    /// <returns>The run as it was accepted, or as far as it has come.</returns>
    public Task<Run> StartAsync(string agent, StartRun request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(Start(agent, request, idempotencyKey), ClientJson.Default.Run, cancellationToken);

    /// <summary>Starts a run and reads its events, in one request where nothing goes wrong. The model's text comes as it is written.</summary>
    /// <inheritdoc cref="StreamAsync(string, string?, CancellationToken)"/>
    /// <param name="agent">The agent's id.</param>
    /// <param name="request">What it is asked, and how.</param>
    /// <param name="idempotencyKey">A key of the caller's own; null makes one.</param>
    public IAsyncEnumerable<RunEvent> StreamAsync(string agent, StartRun request, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        new EventReader(_transport, Start(agent, request, idempotencyKey), runId: null, after: null).ReadAsync(cancellationToken);

    /// <summary>Reads the events of a run up to its last, the <see cref="RunEndedEvent"/>. Connections that are lost are made again where they broke off.</summary>
    /// <remarks>Nothing is left out and nothing comes twice. Deltas that were missed are not made up for; <see cref="ModelCompletedEvent"/> has the whole text.</remarks>
    /// <param name="runId">The run.</param>
    /// <param name="after">The <see cref="RunEvent.EventId"/> of the last event that was seen; null for all.</param>
    /// <param name="cancellationToken">Ends the reading; the run goes on.</param>
    /// <exception cref="YggdrasilException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">The server could not be reached for too long.</exception>
    public IAsyncEnumerable<RunEvent> StreamAsync(string runId, string? after = null, CancellationToken cancellationToken = default) =>
        new EventReader(_transport, start: null, runId, after).ReadAsync(cancellationToken);

    /// <summary>Waits for the end of a run, through restarts of the server.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="cancellationToken">Ends the wait; the run goes on.</param>
    /// <returns>The run, however it ended: <see cref="Run.EnsureCompleted"/>.</returns>
    public Task<Run> WaitAsync(string runId, CancellationToken cancellationToken = default) => WaitAsync(runId, orToolCalls: false, cancellationToken);

    /// <summary>Waits until a run has ended or waits for calls of the caller's own tools, <see cref="Run.PendingToolCalls"/>.</summary>
    /// <inheritdoc cref="WaitAsync(string, CancellationToken)"/>
    /// <returns>The run, which has either ended or calls to be answered.</returns>
    public Task<Run> WaitForToolCallsAsync(string runId, CancellationToken cancellationToken = default) => WaitAsync(runId, orToolCalls: true, cancellationToken);

    /// <summary>Runs an agent within the request, of which nothing but its usage is kept. It is sent once, and cancelled with the token.</summary>
    public Task<Run> InvokeAsync(string agent, InvokeAgent request, CancellationToken cancellationToken = default) => _transport.SendAsync(
        ApiRequest.Post($"api/agents/{ApiRequest.Segment(agent, nameof(agent))}/invoke", JsonSerializer.SerializeToUtf8Bytes(request, ClientJson.Default.InvokeAgent))
            with { MayRepeat = false },
        ClientJson.Default.Run,
        cancellationToken);

    /// <summary>Starts a new run that has the turns of another before <see cref="ForkRun.FromTurn"/>, and makes the rest anew.</summary>
    public Task<Run> ForkAsync(string runId, ForkRun request, string? idempotencyKey = null, CancellationToken cancellationToken = default) => _transport.SendAsync(
        ApiRequest.Post($"{Path(runId)}/fork", JsonSerializer.SerializeToUtf8Bytes(request, ClientJson.Default.ForkRun)) with { IdempotencyKey = idempotencyKey ?? NewKey() },
        ClientJson.Default.Run,
        cancellationToken);

    /// <summary>A run, as far as it has come.</summary>
    public Task<Run> GetAsync(string runId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(ApiRequest.Get(Path(runId)), ClientJson.Default.Run, cancellationToken);

    /// <summary>Runs, newest first; pages are read as the list is walked.</summary>
    public IAsyncEnumerable<Run> ListAsync(RunFilter? filter = null) => Pages.ReadAsync(_transport, ListPath(filter ?? new RunFilter()), ClientJson.Default.PageRun);

    /// <summary>The recorded steps of a run so far, in order.</summary>
    public async Task<IReadOnlyList<RunStep>> GetStepsAsync(string runId, CancellationToken cancellationToken = default) =>
        (await _transport.SendAsync(ApiRequest.Get($"{Path(runId)}/steps"), ClientJson.Default.PageRunStep, cancellationToken).ConfigureAwait(false)).Items;

    /// <summary>Cancels a run: a call of a model or tool in flight is broken off. One that has ended is left as it is.</summary>
    public Task<Run> CancelAsync(string runId, CancellationToken cancellationToken = default) => ControlAsync(runId, "cancel", cancellationToken);

    /// <summary>Suspends a run: it stops before its next step, until it is resumed.</summary>
    public Task<Run> SuspendAsync(string runId, CancellationToken cancellationToken = default) => ControlAsync(runId, "suspend", cancellationToken);

    /// <summary>Resumes a suspended run.</summary>
    public Task<Run> ResumeAsync(string runId, CancellationToken cancellationToken = default) => ControlAsync(runId, "resume", cancellationToken);

    /// <summary>Deletes a run that has ended, with all its content.</summary>
    public Task DeleteAsync(string runId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(new ApiRequest(HttpMethod.Delete, Path(runId)), cancellationToken);

    /// <summary>Answers a call of the caller's own tool, of <see cref="Run.PendingToolCalls"/>. The first answer counts; the same one again is accepted.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="callId">The call.</param>
    /// <param name="result">Anything; the model is shown a string as it is, and all else as JSON.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public Task<Run> AnswerToolCallAsync(string runId, string callId, JsonElement result, CancellationToken cancellationToken = default) =>
        AnswerAsync(runId, callId, new ToolAnswer(result, null), cancellationToken);

    /// <inheritdoc cref="AnswerToolCallAsync(string, string, JsonElement, CancellationToken)"/>
    public Task<Run> AnswerToolCallAsync(string runId, string callId, string result, CancellationToken cancellationToken = default) =>
        AnswerToolCallAsync(runId, callId, JsonSerializer.SerializeToElement(result, ClientJson.Default.String), cancellationToken);

    /// <summary>Says that a call of the caller's own tool failed; the model is told why.</summary>
    public Task<Run> FailToolCallAsync(string runId, string callId, string error, CancellationToken cancellationToken = default) =>
        AnswerAsync(runId, callId, new ToolAnswer(null, error), cancellationToken);

    /// <summary>Gets a ticket with which a browser's <c>EventSource</c> reads the events of a run, for five minutes.</summary>
    public Task<EventTicket> CreateEventTicketAsync(string runId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(ApiRequest.Post($"{Path(runId)}/events/ticket"), ClientJson.Default.EventTicket, cancellationToken);

    private async Task<Run> WaitAsync(string runId, bool orToolCalls, CancellationToken cancellationToken)
    {
        bool IsWanted(Run run) => run.HasEnded || (orToolCalls && run.PendingToolCalls is { Count: > 0 });
        try
        {
            await foreach (var item in StreamAsync(runId, after: null, cancellationToken).ConfigureAwait(false))
            {
                if (item is RunEndedEvent ended)
                {
                    return ended.Run;
                }

                // Earlier calls, which have their answers, are told as well.
                if (orToolCalls && item is ToolAwaitedEvent && await GetAsync(runId, cancellationToken).ConfigureAwait(false) is var run && IsWanted(run))
                {
                    return run;
                }
            }
        }
        catch (YggdrasilException problem) when (problem.Code == ProblemCode.TooManyEventReaders)
        {
            // Who waits for hundreds of runs looks after them in turn.
        }

        for (var pause = FirstLook; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var run = await GetAsync(runId, cancellationToken).ConfigureAwait(false);
            if (IsWanted(run))
            {
                return run;
            }

            await Task.Delay(pause, _transport.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static string Path(string runId) => $"api/runs/{ApiRequest.Segment(runId, nameof(runId))}";

    private static string NewKey() => Guid.NewGuid().ToString("N");

    private static ApiRequest Start(string agent, StartRun request, string? idempotencyKey)
    {
        ArgumentNullException.ThrowIfNull(request);
        var body = JsonSerializer.SerializeToUtf8Bytes(request, ClientJson.Default.StartRun);
        return ApiRequest.Post($"api/agents/{ApiRequest.Segment(agent, nameof(agent))}/runs", body) with { IdempotencyKey = idempotencyKey ?? NewKey() };
    }

    private static string ListPath(RunFilter filter) => ApiRequest.WithQuery(
        "api/runs",
        [
            ("status", filter.Status),
            ("agent", filter.Agent),
            ("conversationId", filter.ConversationId),
            ("parent", filter.Parent),
            ("since", filter.Since?.UtcDateTime.ToString("O")),
            ("until", filter.Until?.UtcDateTime.ToString("O")),
            .. (filter.Metadata ?? new Dictionary<string, string>()).Select(pair => ($"metadata.{pair.Key}", (string?)pair.Value)),
        ]);

    private Task<Run> ControlAsync(string runId, string action, CancellationToken cancellationToken) =>
        _transport.SendAsync(ApiRequest.Post($"{Path(runId)}/{action}"), ClientJson.Default.Run, cancellationToken);

    private Task<Run> AnswerAsync(string runId, string callId, ToolAnswer answer, CancellationToken cancellationToken) => _transport.SendAsync(
        ApiRequest.Post(
            $"{Path(runId)}/tool-results/{ApiRequest.Segment(callId, nameof(callId))}", JsonSerializer.SerializeToUtf8Bytes(answer, ClientJson.Default.ToolAnswer)),
        ClientJson.Default.Run,
        cancellationToken);
}
