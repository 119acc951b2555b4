using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Transport;

namespace Yggdrasil.Models.Clients;

/// <summary>Puts each call through its provider's bounds, retries and breaker (<see cref="ProviderResilience"/>).</summary>
/// <remarks>
/// Every call is made as a stream, whether or not somebody reads along: only a stream tells a model that works from one that is silent.
/// Of a call that somebody reads, the part until the first token goes through the pipeline: a failure after it cannot be retried unseen.
/// Of one that nobody reads, all of it does.
/// </remarks>
internal sealed class ResilientChatClient(IChatClient inner, ProviderResilience resilience) : DelegatingChatClient(inner)
{
    public override Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        ExecuteAsync(
            static (call, attempt) => call.Client.AnswerAsync(call, attempt),
            new Call(this, messages, options, cancellationToken));

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var updates = await ExecuteAsync(
            static (call, attempt) => call.Client.OpenAsync(call, attempt),
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

    private async Task<T> ExecuteAsync<T>(Func<Call, ResilienceContext, ValueTask<T>> attempt, Call call)
    {
        var context = ResilienceContextPool.Shared.Get(call.CallerToken);
        try
        {
            resilience.Begin(context);
            var result = await resilience.Pipeline.ExecuteAsync(
                static (attemptContext, state) => state.attempt(state.call, attemptContext),
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

    private async ValueTask<TimedUpdates> OpenAsync(Call call, ResilienceContext attempt)
    {
        var updates = Updates(call, attempt, countsBreaks: true, call.CallerToken);
        try
        {
            await updates.StartAsync(attempt.CancellationToken);
            return updates;
        }
        catch
        {
            await updates.DisposeAsync();
            throw;
        }
    }

    /// <summary>Only what is made here has nothing to tell of silence.</summary>
    private ValueTask<ChatResponse> AnswerAsync(Call call, ResilienceContext attempt) => resilience.Options.Type is ProviderType.Demo
        ? new(InnerClient.GetResponseAsync(call.Messages, call.Options, attempt.CancellationToken))
        : CollectAsync(call, attempt);

    private async ValueTask<ChatResponse> CollectAsync(Call call, ResilienceContext attempt)
    {
        await using var updates = Updates(call, attempt, countsBreaks: false, attempt.CancellationToken);
        await updates.StartAsync(attempt.CancellationToken);
        List<ChatResponseUpdate> answer = [.. updates.Beginning];
        while (await updates.MoveNextAsync())
        {
            answer.Add(updates.Current);
        }

        return answer.ToChatResponse();
    }

    private TimedUpdates Updates(Call call, ResilienceContext attempt, bool countsBreaks, CancellationToken endToken) => new(
        token => InnerClient.GetStreamingResponseAsync(call.Messages, call.Options, token),
        resilience,
        resilience.Patience(attempt),
        countsBreaks,
        endToken);

    private sealed record Call(
        ResilientChatClient Client, IEnumerable<ChatMessage> Messages, ChatOptions? Options, CancellationToken CallerToken);
}
