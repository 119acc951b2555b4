using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace Yggdrasil.Providers;

/// <summary>Puts each call through its provider's timeout, retries and breaker (<see cref="ProviderResilience"/>).</summary>
/// <remarks>
/// Of a streamed call the part until the first token goes through them: a failure after it cannot be retried unseen. From
/// then on bounds on the silence between two updates and on the whole answer take over, which may well take minutes.
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
        foreach (var update in updates.Beginning)
        {
            yield return update;
        }

        while (await updates.MoveNextAsync())
        {
            yield return updates.Current;
        }
    }

    private async Task<T> ExecuteAsync<T>(Func<Call, CancellationToken, ValueTask<T>> attempt, Call call)
    {
        var context = ResilienceContextPool.Shared.Get(call.CallerToken);
        try
        {
            resilience.Begin(context);
            var result = await resilience.Pipeline.ExecuteAsync(
                static (attemptContext, state) => state.attempt(state.call, attemptContext.CancellationToken),
                context,
                (attempt, call));
            resilience.Metrics.Called(resilience.Options.Name, resilience.Elapsed(context), code: null);
            return result;
        }
        catch (Exception exception) when (exception is ProviderException or TimeoutRejectedException or BrokenCircuitException)
        {
            var failure = ProviderFailures.FromException(resilience.Options.Name, exception);
            resilience.Metrics.Called(resilience.Options.Name, resilience.Elapsed(context), failure.Code);
            throw failure;
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
