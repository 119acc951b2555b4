using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Models.Tracing;

/// <summary>
/// One span <c>chat</c> for each model call, fallbacks and retries included, and its metrics. Content only where
/// <paramref name="includeContent"/> says so.
/// </summary>
/// <remarks>
/// Not Microsoft.Extensions.AI's OpenTelemetryChatClient: it writes messages of exceptions into spans and names of types into
/// metrics, and each of its instances owns a meter, while clients here are made for each call (docs/decisions/0018).
/// </remarks>
/// <param name="model">The model that is asked first.</param>
internal sealed partial class TracedChatClient(IChatClient inner, ModelId model, bool includeContent, ILogger<TracedChatClient> logger)
    : DelegatingChatClient(inner)
{
    /// <summary>A response cache asks from the thread pool, where the span of the run is not current.</summary>
    private readonly Activity? _asker = Activity.Current;

    private readonly RunContext? _run = RunContext.Current;

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var asked = messages.Repeatable();
        using var call = Begin(asked, options, streaming: false);
        try
        {
            var response = await base.GetResponseAsync(asked, options, cancellationToken);
            call.Answered(ChatOutcome.Of(response), includeContent ? MessageContent.Write(response.Messages) : null);
            return response;
        }
        catch (Exception failure)
        {
            Fail(call, failure);
            throw;
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var asked = messages.Repeatable();
        using var call = Begin(asked, options, streaming: true);
        var outcome = new ChatOutcome();
        List<ChatResponseUpdate> kept = [];
        await using var updates = base.GetStreamingResponseAsync(asked, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await MoveNextAsync(updates, call))
        {
            var update = updates.Current;
            if (ModelRestart.Of(update) is { } restart)
            {
                call.Restarted(restart);
                outcome = new ChatOutcome();
                kept.Clear();
            }
            else
            {
                call.Updated();
                outcome.Add(update);
                if (includeContent)
                {
                    kept.Add(update);
                }
            }

            yield return update;
        }

        call.Answered(outcome, includeContent ? MessageContent.Write(kept.ToChatResponse().Messages) : null);
    }

    private async ValueTask<bool> MoveNextAsync(IAsyncEnumerator<ChatResponseUpdate> updates, ChatCall call)
    {
        // An iterator leaves nothing in the flow of execution that its next step would find.
        call.Enter();
        try
        {
            return await updates.MoveNextAsync();
        }
        catch (Exception failure)
        {
            Fail(call, failure);
            throw;
        }
    }

    private void Fail(ChatCall call, Exception failure)
    {
        call.Failed(failure);
        if (failure is ProviderException { Code: var code })
        {
            LogFailed(model.ToString(), code);
        }
    }

    private ChatCall Begin(IReadOnlyCollection<ChatMessage> messages, ChatOptions? options, bool streaming)
    {
        var call = ChatCall.Begin(model, _asker, _run, options, streaming);
        if (includeContent)
        {
            call.Asked(MessageContent.Write(messages));
        }

        return call;
    }

    [LoggerMessage(8010, LogLevel.Warning, "No model answered; {Model} was asked first ({Code})")]
    private partial void LogFailed(string model, string code);
}
