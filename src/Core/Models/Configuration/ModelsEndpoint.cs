using System.Net.Http.Headers;
using Azure.Core;
using Azure.Identity;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Models.Configuration;

/// <summary>A provider's list of models: free to ask for, and an answer shows that the provider is there.</summary>
internal sealed class ModelsEndpoint(
    ProviderOptions options, HttpClient http, ISecrets secrets, TimeProvider time, Func<TokenCredential> credential)
{
    private const string AnthropicVersion = "2023-06-01";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Whether the provider answers, even if with a refusal: that takes somebody who is there.</summary>
    public async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        // Of a client of the application's own nobody knows what is free to ask: the next call is the probe.
        if (options.Type is ProviderType.Demo or ProviderType.Custom)
        {
            return true;
        }

        if (options.Endpoint is null)
        {
            return false;
        }

        using var timeout = new CancellationTokenSource(Patience, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var request = await RequestAsync(options.Endpoint, ended.Token);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ended.Token);
            return true;
        }
        catch (AuthenticationFailedException)
        {
            // No identity, so nobody was asked.
            return false;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            return ProviderFailures.FromException(options.Name, failure).Code is "provider_credentials" or "provider_rejected";
        }
    }

    private async Task<HttpRequestMessage> RequestAsync(Uri endpoint, CancellationToken cancellationToken)
    {
        var root = endpoint.ToString().TrimEnd('/');
        var key = secrets.Find(SecretName.ApiKey(options.Name)) is { } found && ApiKey.IsValid(found) ? found : null;
        switch (options.Type)
        {
            case ProviderType.Anthropic:
                var anthropic = Get($"{root}/v1/models");
                anthropic.Headers.Add("anthropic-version", AnthropicVersion);
                anthropic.Headers.Add("x-api-key", key ?? "");
                return anthropic;
            case ProviderType.Ollama:
                return Get($"{root}/api/tags");
            case ProviderType.Azure when key is not null:
                var azure = Get($"{VendorClients.AzureEndpoint(endpoint)}/models");
                azure.Headers.Add("api-key", key);
                return azure;
            case ProviderType.Azure:
                var token = await credential().GetTokenAsync(new TokenRequestContext([VendorClients.AzureScope]), cancellationToken);
                return Get($"{VendorClients.AzureEndpoint(endpoint)}/models", token.Token);
            default:
                return Get($"{root}/models", key);
        }
    }

    private static HttpRequestMessage Get(string address, string? bearer = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address));
        request.Headers.Authorization = bearer is null ? null : new AuthenticationHeaderValue("Bearer", bearer);
        return request;
    }
}
