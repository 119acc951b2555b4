using Yggdrasil.Fixtures;
using Yggdrasil.Models.Clients;

namespace Yggdrasil.Tests.Providers;

/// <summary>The free question whether a provider is there.</summary>
public sealed class ModelsEndpointTests : IAsyncLifetime
{
    private EffectServer _server = null!;

    public async Task InitializeAsync() => _server = await EffectServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("openai", "v1", "/v1/models", "Authorization", "Bearer key-1")]
    [InlineData("vllm", "v1/", "/v1/models", "Authorization", "Bearer key-1")]
    [InlineData("azure", "", "/openai/v1/models", "api-key", "key-1")]
    [InlineData("azure", "openai/v1", "/openai/v1/models", "api-key", "key-1")]
    [InlineData("anthropic", "", "/v1/models", "x-api-key", "key-1")]
    [InlineData("ollama", "", "/api/tags", "Authorization", null)]
    public async Task Each_vendor_is_asked_for_its_models(string vendor, string root, string path, string header, string? value)
    {
        await using var providers = TestProviders.With(
            $"Providers__{vendor}__Endpoint={new Uri(_server.Address, root)}", $"Providers__{vendor}__ApiKey=key-1");

        Assert.True(await AnswersAsync(providers, vendor));

        var request = Assert.Single(_server.Requests);
        Assert.Equal(("GET", path, value), (request.Method, request.Path, request.Headers.GetValueOrDefault(header)));
        Assert.Equal(vendor == "anthropic", request.Headers.ContainsKey("anthropic-version"));
    }

    [Theory]
    [InlineData(200, true)]
    [InlineData(401, true)]
    [InlineData(404, true)]
    [InlineData(302, false)]
    [InlineData(429, false)]
    [InlineData(500, false)]
    [InlineData(503, false)]
    public async Task Refusal_is_an_answer_and_trouble_is_none(int status, bool answers)
    {
        _server.RespondWith(_ => new EffectReply("{}", status));
        await using var providers = TestProviders.With($"Providers__vllm__Endpoint={_server.Address}");

        Assert.Equal(answers, await AnswersAsync(providers, "vllm"));
    }

    [Fact]
    public async Task Without_a_server_or_an_endpoint_there_is_no_answer()
    {
        await using var providers = TestProviders.With($"Providers__vllm__Endpoint=http://127.0.0.1:{LoopbackPorts.Unused()}");

        Assert.False(await AnswersAsync(providers, "vllm"));
        Assert.False(await AnswersAsync(providers, "azure"));
        Assert.True(await AnswersAsync(providers, "demo"));
    }

    private static Task<bool> AnswersAsync(TestProviders providers, string provider) =>
        providers.Get<ModelClients>().FindModels(provider)!.AnswersAsync(CancellationToken.None);
}
