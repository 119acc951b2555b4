using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation.Schemas;
using Yggdrasil.Models.Clients;

namespace Yggdrasil.Models.Cache;

/// <summary>Answers from the cache what was asked before, and asks once what several ask at the same time.</summary>
/// <remarks>
/// It belongs above the fallback, so that an answer is kept whoever gave it, and below redaction, so that nothing is kept that
/// a provider may not see.
/// <list type="bullet">
/// <item>Kept are answers that came to their end: no failure, no refusal, no answer cut off or stopped by a content filter, none that says nothing, and
/// none that calls a tool which is not pure: it would have effects again, or belong to a moment that has passed; none that
/// does not fit the schema that was asked for: it would have to be corrected each time.</item>
/// <item>Streams: the one who asks sees the answer as it comes. Others who ask the same meanwhile get it when it is
/// complete; those who come later, at once. Either way it is replayed as updates.</item>
/// <item>Of an answer that was begun anew (<see cref="ModelRestart"/>), only what came after that is kept.</item>
/// <item>Who goes away leaves the call to those who still wait; a failure is theirs too.</item>
/// </list>
/// </remarks>
/// <param name="models">The model and its fallbacks, which <paramref name="inner"/> asks.</param>
/// <param name="pureTools">The tools whose calls may be kept.</param>
internal sealed class ResponseCachingChatClient(
    IChatClient inner, ResponseCache cache, ResponseCacheScope scope, IReadOnlyList<ModelId> models, IReadOnlySet<string> pureTools)
    : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var conversation = messages.Repeatable();
        var pending = new PendingAnswer(token => base.GetResponseAsync(conversation, options, token), response => Pack(response, options));
        return await cache.FindOrAskAsync(Key(conversation, options), scope.Ttl, pending, cancellationToken)
            ?? await base.GetResponseAsync(conversation, options, cancellationToken);
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var conversation = messages.Repeatable();
        var live = Channel.CreateUnbounded<ChatResponseUpdate>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var pending = new PendingAnswer(token => PassOnAsync(conversation, options, live.Writer, token), response => Pack(response, options));
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var finding = cache.FindOrAskAsync(Key(conversation, options), scope.Ttl, pending, leaving.Token);
        try
        {
            await Task.WhenAny(pending.Begun, finding);
            var updates = pending.Begun.IsCompleted ? live.Reader.ReadAllAsync(cancellationToken)
                : await finding is { } found ? found.ToChatResponseUpdates().ToAsyncEnumerable()
                : base.GetStreamingResponseAsync(conversation, options, cancellationToken);
            await foreach (var update in updates)
            {
                yield return update;
            }

            // The answer is being kept: who left now would, being the only one, stop that.
            await finding;
        }
        finally
        {
            await leaving.CancelAsync();
            await ((Task)finding).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<ChatResponse> PassOnAsync(
        IReadOnlyCollection<ChatMessage> messages, ChatOptions? options, ChannelWriter<ChatResponseUpdate> live, CancellationToken cancellationToken)
    {
        try
        {
            List<ChatResponseUpdate> updates = [];
            await foreach (var update in base.GetStreamingResponseAsync(messages, options, cancellationToken))
            {
                live.TryWrite(update);
                if (ModelRestart.Of(update) is not null)
                {
                    updates.Clear();
                }
                else
                {
                    updates.Add(update);
                }
            }

            live.Complete();
            return updates.ToChatResponse();
        }
        catch (Exception failure)
        {
            live.Complete(failure);
            throw;
        }
    }

    private ResponseCacheKey Key(IEnumerable<ChatMessage> messages, ChatOptions? options) => ResponseCacheKey.Of(scope, models, messages, options);

    private byte[]? Pack(ChatResponse response, ChatOptions? options)
    {
        var contents = response.Messages.SelectMany(message => message.Contents).ToList();
        var calls = contents.OfType<FunctionCallContent>().ToList();

        // A call whose arguments could not be read says so in an exception, which is not stored.
        var keep = FinishReasons.Of(response) is FinishReason.Stop or FinishReason.ToolCalls
            && calls.TrueForAll(call => pureTools.Contains(call.Name) && call.Exception is null)
            && (calls.Count > 0 || contents.OfType<TextContent>().Any(text => !string.IsNullOrWhiteSpace(text.Text)))
            && (calls.Count > 0 || FitsSchema(response, options));
        return keep ? ResponseCache.Pack(response) : null;
    }

    private static bool FitsSchema(ChatResponse response, ChatOptions? options) =>
        options?.ResponseFormat is not ChatResponseFormatJson { Schema: { } schema }
        || StructuredAnswer.Validate(schema, string.Concat(response.Messages.Select(message => message.Text))).Count == 0;
}
