using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Failures;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Models.Clients;

/// <summary>Asks with the API key as it is at the time of the call: a rotated key needs no restart.</summary>
/// <remarks>
/// The packages take their key when a client is made, each in its own way, so a new key makes a new client. Calls in
/// flight finish with the old one, which holds nothing that would need disposal: the HTTP client is the provider's.
/// </remarks>
/// <param name="alert">Raised when the vendor refuses the newest key, or an identity cannot be had.</param>
/// <param name="create">Makes the package's client for a key, or for none where the provider needs none.</param>
internal sealed class RotatingKeyChatClient(
    ProviderOptions provider, ISecrets secrets, CredentialAlert alert, Func<string?, IChatClient> create) : IChatClient
{
    private readonly SecretName _name = SecretName.ApiKey(provider.Name);
    private volatile Keyed? _current;

    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        WithKeyAsync(
            static (client, call, token) => client.GetResponseAsync(call.messages, call.options, token),
            (messages, options),
            cancellationToken);

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // Only until the first update may another key be tried.
        var (updates, any) = await WithKeyAsync(
            static (client, call, token) => StartAsync(client.GetStreamingResponseAsync(call.messages, call.options, token), token),
            (messages, options),
            cancellationToken);
        await using (updates)
        {
            while (any)
            {
                yield return updates.Current;
                any = await updates.MoveNextAsync();
            }
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
        // Holds only what the provider owns; IChatClient asks for it.
    }

    private async Task<T> WithKeyAsync<T, TCall>(
        Func<IChatClient, TCall, CancellationToken, Task<T>> ask, TCall call, CancellationToken cancellationToken)
    {
        var client = Current();
        try
        {
            return await ask(client.Client, call, cancellationToken);
        }
        catch (Exception refused) when (IsRefusal(refused))
        {
            if (await NextAsync(client, cancellationToken) is not { } next)
            {
                alert.Raise();
                throw;
            }

            client = next;
        }

        try
        {
            return await ask(client.Client, call, cancellationToken);
        }
        catch (Exception refused) when (IsRefusal(refused))
        {
            alert.Raise();
            throw;
        }
    }

    /// <summary>A stream under way, and whether it has a first update.</summary>
    private static async Task<(IAsyncEnumerator<ChatResponseUpdate> Updates, bool Any)> StartAsync(
        IAsyncEnumerable<ChatResponseUpdate> stream, CancellationToken cancellationToken)
    {
        var updates = stream.GetAsyncEnumerator(cancellationToken);
        try
        {
            return (updates, await updates.MoveNextAsync());
        }
        catch
        {
            await updates.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// The client of a newer key, where there is one: a vendor that revokes the old key at once would otherwise refuse
    /// every call until the next refresh.
    /// </summary>
    private async ValueTask<Keyed?> NextAsync(Keyed refused, CancellationToken cancellationToken)
    {
        await secrets.RefreshNowAsync(cancellationToken);
        var next = Current();
        return next.Key == refused.Key ? null : next;
    }

    private Keyed Current()
    {
        var key = secrets.Find(_name);
        if (key is null && provider.RequiresApiKey)
        {
            throw NotSetUp($"set {_name.Setting}, or the Key Vault secret {_name.Secret}"
                + (secrets.State is SecretsState.Loading ? " (the vault has not answered yet)" : ""));
        }

        if (key is not null && !ApiKey.IsValid(key))
        {
            // Checked here because HttpHeaders' own exception quotes the value.
            throw NotSetUp($"its API key must be visible ASCII without spaces ({_name.Setting}, or the Key Vault secret {_name.Secret})");
        }

        var current = _current;
        return current is not null && current.Key == key ? current : _current = new Keyed(key, create(key));
    }

    private bool IsRefusal(Exception failure) =>
        ProviderFailures.FromException(provider.Name, failure) is { Code: "provider_credentials" } or { ConcernsAccount: true };

    private ProviderException NotSetUp(string remedy) =>
        new("provider_credentials", FailureClass.NextProvider, $"{provider.Name} is not set up: {remedy}.");

    // Not a record: a record's ToString would print the key.
    private sealed class Keyed(string? key, IChatClient client)
    {
        public string? Key { get; } = key;

        public IChatClient Client { get; } = client;
    }
}
