using Microsoft.Extensions.AI;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Models.Clients;

/// <summary>Stands for a known provider that lacks a setting: agents may name it, calls to it fail and say what to set.</summary>
internal sealed class UnconfiguredChatClient(string provider, string missingSetting) : IChatClient
{
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromException<ChatResponse>(Failure());

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        throw Failure();

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
        // Holds nothing; IChatClient asks for it.
    }

    private ProviderException Failure() => new(
        "provider_credentials", FailureClass.NextProvider, $"{provider} is not set up: set {missingSetting}.");
}
