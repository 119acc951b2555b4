using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.AI;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Metering;
using Yggdrasil.Models.Wire;

namespace Yggdrasil.Models.Custom;

/// <summary>Has a client of the application's own keep the rules that the HTTP client keeps for the others: what counts as sent, how long an answer may be, how it ends.</summary>
internal sealed class CustomChatClient(IChatClient inner, ProviderOptions options) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // Whether it got through, nobody can say of a client that is not ours: unless it was refused, it has to be paid.
        CallLedger.Requested();
        var size = new AnswerSize(Name, Limit);
        var (hasReason, hasCalls) = (false, false);
        await using var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await MoveNextAsync(updates, cancellationToken))
        {
            var update = updates.Current;
            size.Add(SizeOf(update));
            hasReason |= update.FinishReason is not null;
            hasCalls |= update.Contents.Any(content => content is FunctionCallContent);
            yield return update;
        }

        if (!hasReason)
        {
            // It ended without an exception, so the answer is whole.
            yield return new ChatResponseUpdate(ChatRole.Assistant, (string?)null) { FinishReason = hasCalls ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop };
        }
    }

    /// <summary>Neither the services of the application's client, nor the client itself: what is around it must not be passed by.</summary>
    public override object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    private string Name => options.Name;

    private int Limit => options.MaxAnswerKilobytes;

    private static async ValueTask<bool> MoveNextAsync(IAsyncEnumerator<ChatResponseUpdate> updates, CancellationToken cancellationToken)
    {
        try
        {
            return await updates.MoveNextAsync();
        }
        catch (Exception failure) when (ProviderFailures.WasRefused(failure) || SentRequestHandler.HasReachedNobody(failure, cancellationToken))
        {
            CallLedger.NotTaken();
            throw;
        }
    }

    private static int SizeOf(ChatResponseUpdate update)
    {
        var size = 0;
        foreach (var content in update.Contents)
        {
            size += content switch
            {
                TextContent text => Encoding.UTF8.GetByteCount(text.Text),
                TextReasoningContent thought => Encoding.UTF8.GetByteCount(thought.Text ?? ""),
                FunctionCallContent { Arguments: { } arguments } => arguments.Sum(argument => argument.Key.Length + (argument.Value?.ToString()?.Length ?? 0)),
                _ => 0,
            };
        }

        return size;
    }
}
