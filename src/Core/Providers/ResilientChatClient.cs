using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace Yggdrasil.Providers;

/// <summary>Puts each call through its provider's timeout, retries and breaker (<see cref="ProviderResilience"/>).</summary>
/// <remarks>
/// Of a streamed call the part until the first update goes through them: a failure after it cannot be retried unseen.
/// From then on the provider's timeout bounds the silence between two updates, not the whole answer, which may well
/// take minutes.
/// </remarks>
internal sealed class ResilientChatClient(IChatClient inner, ProviderResilience resilience) : DelegatingChatClient(inner)
{
    public override Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        ExecuteAsync(
            static (call, token) => new ValueTask<ChatResponse>(
                call.Client.InnerClient.GetResponseAsync(call.Messages, call.Options, token)),
            new Call(this, messages, options, cancellationToken));

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var updates = await ExecuteAsync(
            static (call, token) => call.Client.OpenAsync(call, token),
            new Call(this, messages, options, cancellationToken));
        while (updates.HasCurrent)
        {
            yield return updates.Current;
            await updates.MoveNextAsync();
        }
    }

    private async Task<T> ExecuteAsync<T>(Func<Call, CancellationToken, ValueTask<T>> attempt, Call call)
    {
        var context = ResilienceContextPool.Shared.Get(call.CallerToken);
        try
        {
            resilience.Begin(context);
            return await resilience.Pipeline.ExecuteAsync(
                static (attemptContext, state) => state.attempt(state.call, attemptContext.CancellationToken),
                context,
                (attempt, call));
        }
        catch (Exception exception) when (exception is TimeoutRejectedException or BrokenCircuitException)
        {
            throw ProviderFailures.FromException(resilience.Provider, exception);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private async ValueTask<TimedUpdates> OpenAsync(Call call, CancellationToken attemptToken)
    {
        var updates = new TimedUpdates(
            token => InnerClient.GetStreamingResponseAsync(call.Messages, call.Options, token), resilience, call.CallerToken);
        try
        {
            await updates.StartAsync(attemptToken);
            return updates;
        }
        catch
        {
            await updates.DisposeAsync();
            throw;
        }
    }

    private sealed record Call(
        ResilientChatClient Client, IEnumerable<ChatMessage> Messages, ChatOptions? Options, CancellationToken CallerToken);
}
