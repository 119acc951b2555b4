using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Client;

/// <summary>An agent as a chat client. It keeps nothing between requests: the ids of calls name their run.</summary>
internal sealed class AgentChatClient(RunsClient runs, string agent) : IChatClient
{
    private static readonly TimeSpan CancelBound = TimeSpan.FromSeconds(5);

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<ChatMessage> list = [.. messages];
        string? runId = null;
        try
        {
            if (ChatRequest.Continuation(list) is { } answers)
            {
                runId = answers.RunId;
                await AnswerAsync(answers.RunId, answers.Results, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                runId = (await runs.StartAsync(agent, ChatRequest.Start(this, list, options), cancellationToken: cancellationToken).ConfigureAwait(false)).Id;
            }

            return ChatAnswer.Of(await runs.WaitForToolCallsAsync(runId, cancellationToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && runId is not null)
        {
            await CancelAsync(runId).ConfigureAwait(false);
            throw;
        }
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        IReadOnlyList<ChatMessage> list = [.. messages];
        var answers = ChatRequest.Continuation(list);
        if (answers is not null)
        {
            await AnswerAsync(answers.Value.RunId, answers.Value.Results, cancellationToken).ConfigureAwait(false);
        }

        var events = answers is null
            ? runs.StreamAsync(agent, ChatRequest.Start(this, list, options) with { Stream = true }, cancellationToken: cancellationToken)
            : runs.StreamAsync(answers.Value.RunId, after: null, cancellationToken);
        var stream = new ChatStream(answers?.RunId, answers?.Results.Select(answer => answer.CallId));
        var reader = events.GetAsyncEnumerator(cancellationToken);
        await using (reader.ConfigureAwait(false))
        {
            while (await NextAsync(reader, stream, cancellationToken).ConfigureAwait(false))
            {
                foreach (var update in stream.Tell(reader.Current))
                {
                    yield return update;
                }

                // Events tell of earlier calls too, and of those that are answered by now.
                if (reader.Current is ToolAwaitedEvent && !stream.IsSkipping
                    && await runs.GetAsync(stream.RunId!, cancellationToken).ConfigureAwait(false) is { PendingToolCalls.Count: > 0 } waiting)
                {
                    yield return stream.End(waiting);
                    yield break;
                }
            }
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("yggdrasil", providerUri: null, agent)
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    public void Dispose()
    {
        // The client belongs to whoever made it.
    }

    private async ValueTask<bool> NextAsync(IAsyncEnumerator<RunEvent> events, ChatStream stream, CancellationToken cancellationToken)
    {
        try
        {
            return await events.MoveNextAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && stream.RunId is not null)
        {
            await CancelAsync(stream.RunId).ConfigureAwait(false);
            throw;
        }
    }

    private async Task AnswerAsync(string runId, IReadOnlyList<(string CallId, FunctionResultContent Result)> answers, CancellationToken cancellationToken)
    {
        foreach (var (callId, answer) in answers)
        {
            if (answer.Exception is not null)
            {
                await runs.FailToolCallAsync(runId, callId, answer.Result?.ToString() is { Length: > 0 } said ? said : "The tool failed.", cancellationToken).ConfigureAwait(false);
                continue;
            }

            var result = answer.Result as JsonElement?
                ?? JsonSerializer.SerializeToElement(answer.Result, AIJsonUtilities.DefaultOptions.GetTypeInfo(typeof(object)));
            await runs.AnswerToolCallAsync(runId, callId, result, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Nobody can come back to the run through a chat client: it would go on for nothing.</summary>
    private async Task CancelAsync(string runId)
    {
        using var bound = new CancellationTokenSource(CancelBound);
        try
        {
            await runs.CancelAsync(runId, bound.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is OperationCanceledException or HttpRequestException or YggdrasilException)
        {
            // The caller is told that the token was cancelled. The run's own deadline ends it.
        }
    }
}
