using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Models.Clients;

/// <summary>Asks one model after the other until one answers.</summary>
/// <remarks>
/// Goes on after failures that another provider may not share; <see cref="FailureClass.Stop"/> and cancellation end the
/// chain at once, so that a bad request is paid for once. A stream that fails before its first token falls back unseen. After
/// it the caller has seen part of an answer that no other model would continue: a <see cref="ModelRestart"/> takes that back,
/// and the next model answers anew. A model whose stream broke for a reason that may pass is asked
/// again, after all others, as often as its provider's <see cref="ProviderOptions.RetryAttempts"/> say.
/// </remarks>
/// <param name="original">The model that the agent names, of which the candidates are the chain.</param>
/// <param name="candidates">Who is asked, in order; at least one. Shared, so never disposed of here.</param>
internal sealed class FallbackChatClient(string original, IReadOnlyList<ModelCandidate> candidates, FallbackTelemetry telemetry) : IChatClient
{
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var conversation = messages.Repeatable();
        var chain = new FallbackChain(original, candidates, telemetry);
        while (true)
        {
            var candidate = chain.Next();
            try
            {
                var response = await candidate.Client.GetResponseAsync(conversation, options, cancellationToken);
                FallbackTelemetry.Served(original, candidate.Name);
                return response;
            }
            catch (ProviderException failure)
            {
                chain.Failed(candidate, failure);
            }
        }
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var conversation = messages.Repeatable();
        var chain = new FallbackChain(original, candidates, telemetry);
        while (true)
        {
            var (candidate, updates) = await OpenAsync(chain, conversation, options, cancellationToken);
            await using (updates)
            {
                ModelRestart? restart = null;
                do
                {
                    yield return updates.Current;
                }
                while (await MoveNextAsync(updates, failure => restart = chain.Broke(candidate, failure)));

                if (restart is null)
                {
                    FallbackTelemetry.Served(original, candidate.Name);
                    yield break;
                }

                yield return restart.ToUpdate();
            }
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : candidates[0].Client.GetService(serviceType, serviceKey);

    public void Dispose()
    {
        // The candidates serve everybody else too: they end with their provider.
    }

    /// <summary>The first stream whose first update arrived; that update is current.</summary>
    private static async Task<(ModelCandidate Candidate, IAsyncEnumerator<ChatResponseUpdate> Updates)> OpenAsync(
        FallbackChain chain, IReadOnlyCollection<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        while (true)
        {
            var candidate = chain.Next();
            IAsyncEnumerator<ChatResponseUpdate>? updates = null;
            var opened = false;
            try
            {
                updates = candidate.Client.GetStreamingResponseAsync(messages, options, cancellationToken)
                    .GetAsyncEnumerator(cancellationToken);
                // An empty stream never gets here: ClassifyingChatClient makes it a failure.
                opened = await updates.MoveNextAsync();
                return opened ? (candidate, updates) : throw new InvalidOperationException("A stream ended without an update.");
            }
            catch (ProviderException failure)
            {
                chain.Failed(candidate, failure);
            }
            finally
            {
                if (!opened && updates is not null)
                {
                    await updates.DisposeAsync();
                }
            }
        }
    }

    private static async ValueTask<bool> MoveNextAsync(
        IAsyncEnumerator<ChatResponseUpdate> updates, Action<ProviderException> broke)
    {
        try
        {
            return await updates.MoveNextAsync();
        }
        catch (ProviderException failure)
        {
            broke(failure);
            return false;
        }
    }
}
