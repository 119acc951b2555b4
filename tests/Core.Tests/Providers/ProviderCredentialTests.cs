using Azure.Core;
using Azure.Identity;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Fixtures;
using Yggdrasil.Models;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Tests.Providers;

/// <summary>Missing keys and identities that fail.</summary>
public sealed class ProviderCredentialTests
{
    [Theory]
    [InlineData("openai", "Providers__openai__ApiKey")]
    [InlineData("anthropic", "Providers__anthropic__ApiKey")]
    [InlineData("groq", "Providers__groq__ApiKey")]
    [InlineData("azure", "Providers__azure__Endpoint")]
    public async Task Provider_that_is_not_set_up_is_known_and_says_what_to_set(string provider, string setting)
    {
        await using var providers = TestProviders.With();
        Assert.True(providers.Clients.Knows(new ModelId(provider, "m")));

        foreach (var streamed in new[] { false, true })
        {
            var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client($"{provider}:m"), streamed));

            Assert.Equal(("provider_credentials", FailureClass.NextProvider), (thrown.Code, thrown.Failure));
            Assert.Contains(setting, thrown.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Azure_without_key_asks_the_identity_whose_failure_is_one_of_credentials()
    {
        // The package sends tokens over TLS only; that nobody listens there tells a token was had.
        var identity = new OnceUnavailableIdentity();
        await using var providers = TestProviders.With(
            services => services.AddSingleton<TokenCredential>(identity),
            $"Providers__azure__Endpoint=https://127.0.0.1:{LoopbackPorts.Unused()}",
            "Providers__azure__RetryAttempts=0");

        var first = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client("azure:m"), streamed: false));
        var second = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client("azure:m"), streamed: false));

        Assert.Equal(("provider_credentials", "provider_unavailable"), (first.Code, second.Code));
        Assert.Equal(["https://cognitiveservices.azure.com/.default"], identity.Scopes.Distinct());
    }

    private static Task<ChatResponse> AskAsync(IChatClient client, bool streamed) => streamed
        ? client.GetStreamingResponseAsync("Hello").ToChatResponseAsync()
        : client.GetResponseAsync("Hello");

    /// <summary>Fails the first time it is asked for a token.</summary>
    private sealed class OnceUnavailableIdentity : TokenCredential
    {
        public List<string> Scopes { get; } = [];

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Scopes.AddRange(requestContext.Scopes);
            return Scopes.Count == 1
                ? throw new CredentialUnavailableException("no identity here")
                : new AccessToken("entra-token", DateTimeOffset.MaxValue);
        }

        public override ValueTask<AccessToken> GetTokenAsync(
            TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));
    }
}
