using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Yggdrasil.Redaction;

namespace Yggdrasil.Models.Clients;

/// <summary>Keeps personal data and credentials from providers, fallbacks included: it belongs above those.</summary>
/// <remarks>
/// <list type="table">
/// <item><term><see cref="RedactionMode.Mask"/></term><description>Masks go out; the answer stays as the model wrote it.</description></item>
/// <item><term><see cref="RedactionMode.Restore"/></term><description>Numbered placeholders go out; the answer, tool arguments
/// included, comes back with originals, so that gates and tools see the real arguments.</description></item>
/// <item><term><see cref="RedactionMode.Block"/></term><description>The input was refused if anything was found in it. What tools bring
/// in later is no reason to throw the run's work away: it is masked.</description></item>
/// </list>
/// </remarks>
internal sealed class RedactingChatClient(IChatClient inner, RedactionMode mode) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (mode == RedactionMode.Off)
        {
            return await base.GetResponseAsync(messages, options, cancellationToken);
        }

        var prompt = PromptRedaction.Of(messages, numbered: mode == RedactionMode.Restore);
        var response = await base.GetResponseAsync(prompt.Messages, options, cancellationToken);
        return prompt.Placeholders.IsEmpty ? response : Restore(response, prompt.Placeholders, IsJson(options));
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var prompt = mode == RedactionMode.Off ? null : PromptRedaction.Of(messages, numbered: mode == RedactionMode.Restore);
        var updates = base.GetStreamingResponseAsync(prompt?.Messages ?? messages, options, cancellationToken);
        if (prompt is null || prompt.Placeholders.IsEmpty)
        {
            await foreach (var update in updates)
            {
                yield return update;
            }

            yield break;
        }

        var text = new PlaceholderRestorer(prompt.Placeholders, IsJson(options));
        await foreach (var update in updates)
        {
            if (ModelRestart.Of(update) is not null)
            {
                // The beginning of a placeholder that is held back belongs to the answer that is void.
                text.Flush();
                yield return update;
            }
            else
            {
                yield return Restore(update, text, prompt.Placeholders);
            }
        }

        if (text.Flush() is { Length: > 0 } rest)
        {
            yield return new ChatResponseUpdate(ChatRole.Assistant, rest);
        }
    }

    private static ChatResponse Restore(ChatResponse response, PlaceholderMap placeholders, bool asJson) =>
        // A new one: the response may be a cache's, and another prompt's placeholders stand for something else.
        new([.. response.Messages.Select(message => Restore(message, placeholders, asJson))])
        {
            ResponseId = response.ResponseId,
            ConversationId = response.ConversationId,
            ModelId = response.ModelId,
            CreatedAt = response.CreatedAt,
            FinishReason = response.FinishReason,
            Usage = response.Usage,
            AdditionalProperties = response.AdditionalProperties,
        };

    private static ChatMessage Restore(ChatMessage message, PlaceholderMap placeholders, bool asJson)
    {
        var restored = message.Clone();
        restored.Contents = [.. message.Contents.Select(content => Restore(content, placeholders, asJson && content is TextContent))];
        return restored;
    }

    // Nobody but the model reads its reasoning, and it is signed: it stays as it is.
    private static AIContent Restore(AIContent content, PlaceholderMap placeholders, bool asJson) =>
        content is TextReasoningContent ? content : MessageText.Rewrite(content, text => placeholders.Restore(text, asJson));

    private static ChatResponseUpdate Restore(ChatResponseUpdate update, PlaceholderRestorer text, PlaceholderMap placeholders)
    {
        List<AIContent> contents = [];
        foreach (var content in update.Contents)
        {
            // What is held back belongs before anything that is no text; a placeholder does not go on behind it.
            var restored = content is TextContent piece ? text.Push(piece.Text) : content is UsageContent ? "" : text.Flush();
            if (restored.Length > 0)
            {
                contents.Add(new TextContent(restored));
            }

            if (content is not TextContent)
            {
                contents.Add(Restore(content, placeholders, asJson: false));
            }
        }

        var copy = update.Clone();
        (copy.Contents, copy.RawRepresentation) = (contents, null);
        return copy;
    }

    private static bool IsJson(ChatOptions? options) => options?.ResponseFormat is ChatResponseFormatJson;
}
