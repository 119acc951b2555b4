using System.ClientModel;
using System.ClientModel.Primitives;
using Anthropic;
using Azure.Core;
using Microsoft.Extensions.AI;
using OllamaSharp;
using OpenAI;
using OpenAI.Chat;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Custom;
using Yggdrasil.Models.Demo;
using Yggdrasil.Models.Profiles;
using Yggdrasil.Models.Profiles.Shaping;
using Yggdrasil.Models.Transport;

namespace Yggdrasil.Models.Clients;

/// <summary>Makes the chat clients of the vendors' packages for one provider.</summary>
/// <remarks>
/// Every package gets our HTTP client, and its own retries, timeouts, logs and spans are off: pipeline and telemetry are
/// ours, once for all of them, and some packages put message content in theirs when an environment variable says so.
/// </remarks>
/// <param name="custom">Makes the client of a model and key where the application does; null for all other providers.</param>
internal sealed class VendorClients(
    ProviderOptions options, HttpClient http, TimeProvider time, Func<TokenCredential> credential, Func<string, string?, IChatClient>? custom = null)
{
    public const string AzureScope = "https://cognitiveservices.azure.com/.default";
    private const string AzureApiPath = "openai/v1";

    /// <summary>The setting without which no call can ever succeed; null when there is none. Keys may come later.</summary>
    public string? MissingSetting =>
        options.Type is not (ProviderType.Demo or ProviderType.Custom) && options.Endpoint is null ? options.SettingName("Endpoint") : null;

    /// <param name="key">The API key, valid; null for none.</param>
    public IChatClient Create(string model, string? key)
    {
        var (rules, name) = (options.Rules.For(model), new ModelId(options.Name, model).ToString());
        return options.Type switch
        {
            ProviderType.OpenAI or ProviderType.OpenAICompatible =>
                new ShapingChatClient(OpenAI(model, options.Endpoint!, BearerKey(key)), new OpenAIShape(rules, name)),
            ProviderType.Azure =>
                new ShapingChatClient(OpenAI(model, AzureEndpoint(options.Endpoint!), AzureAuthentication(key)), new OpenAIShape(rules, name)),
            ProviderType.Anthropic => new ShapingChatClient(Anthropic(model, key!), new AnthropicShape(rules, name)),
            ProviderType.Ollama => new ShapingChatClient(new OllamaApiClient(http, model), new OllamaShape(rules, name)),
            ProviderType.Demo => new DemoChatClient(model, time),
            ProviderType.Custom when custom is not null => new CustomChatClient(custom(model, key), options),
            _ => throw new InvalidOperationException($"Provider type {options.Type} has no client."),
        };
    }

    // OPENAI001: the constructor that takes any authentication is marked for evaluation. The settled one only knows bearer
    // keys: neither Azure's api-key header, nor an identity's token, nor a server without keys.
#pragma warning disable OPENAI001
    private static ChatClient NewChatClient(AuthenticationPolicy authentication, string model, OpenAIClientOptions client) =>
        new(model, authentication, client);
#pragma warning restore OPENAI001

    private IChatClient OpenAI(string model, Uri endpoint, AuthenticationPolicy authentication) =>
        NewChatClient(authentication, model, new OpenAIClientOptions
        {
            Endpoint = endpoint,
            Transport = new HttpClientPipelineTransport(http),
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
            ClientLoggingOptions = new ClientLoggingOptions { EnableLogging = false },
            EnableDistributedTracing = false,
        }).AsIChatClient();

    private IChatClient Anthropic(string model, string key) =>
        new AnthropicClient
        {
            ApiKey = key,
            BaseUrl = options.Endpoint!.ToString().TrimEnd('/'),
            HttpClient = http,
            MaxRetries = 0,
            // Off, in effect: infinite would be announced to the server as a timeout of -1 ms.
            Timeout = TimeSpan.FromDays(1),
            OpenTelemetry = false,
        }.AsIChatClient(model, AnthropicShape.DefaultMaxOutputTokens);

    private static AuthenticationPolicy BearerKey(string? key) => key is not null
        ? ApiKeyAuthenticationPolicy.CreateBearerAuthorizationPolicy(new ApiKeyCredential(key))
        : new NoAuthentication();

    private AuthenticationPolicy AzureAuthentication(string? key) => key is not null
        ? ApiKeyAuthenticationPolicy.CreateHeaderApiKeyPolicy(new ApiKeyCredential(key), "api-key")
        : new BearerTokenPolicy(credential(), AzureScope);

    /// <summary>The portal shows the resource's address, samples the v1 API's: both are meant.</summary>
    public static Uri AzureEndpoint(Uri endpoint)
    {
        var address = endpoint.ToString().TrimEnd('/');
        return new Uri(
            address.EndsWith(AzureApiPath, StringComparison.OrdinalIgnoreCase) ? address : $"{address}/{AzureApiPath}");
    }
}
