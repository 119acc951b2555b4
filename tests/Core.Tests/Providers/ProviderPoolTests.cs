using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Transport;

namespace Yggdrasil.Tests.Providers;

public sealed class ProviderPoolTests
{
    [Fact]
    public async Task Http_2_is_used_where_it_is_offered()
    {
        using var certificate = LoopbackCertificate.Create();
        await using var server = await ScriptedModelServer.StartAsync(certificate);
        server.RespondWith(_ => ModelReply.Text("Hi."));
        var options = new ProviderOptions { Name = "vllm", Type = ProviderType.OpenAICompatible, Endpoint = new Uri(server.Endpoint) };
        using var pool = ProviderHttp.Pool(options);
        pool.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) => presented?.GetCertHashString() == certificate.GetCertHashString();
        using var http = ProviderHttp.Over(pool, options, TimeProvider.System);
        using var client = new VendorClients(options, http, TimeProvider.System, () => throw new InvalidOperationException()).Create("m", key: null);

        await client.GetResponseAsync("Hello");

        Assert.Equal("HTTP/2", Assert.Single(server.Requests).Protocol);
    }

    [Fact]
    public async Task Without_tls_it_is_http_1_1()
    {
        await using var server = await ScriptedModelServer.StartAsync();
        server.RespondWith(_ => ModelReply.Text("Hi."));
        await using var providers = TestProviders.With($"Providers__vllm__Endpoint={server.Endpoint}");

        await providers.Client("vllm:m").GetResponseAsync("Hello");

        Assert.Equal("HTTP/1.1", Assert.Single(server.Requests).Protocol);
    }

    [Fact]
    public async Task Pool_is_as_the_settings_say()
    {
        await using var providers = TestProviders.With(
            "Providers__vllm__MaxConcurrency=3",
            "Providers__vllm__MaxConnections=7",
            "Providers__vllm__ConnectSeconds=2",
            "Providers__vllm__ConnectionLifetimeSeconds=60",
            "Providers__vllm__KeepAliveSeconds=11");

        using var pool = ProviderHttp.Pool(providers.Get<IOptions<ModelProvidersOptions>>().Value.Providers["vllm"]);

        Assert.Equal(7, pool.MaxConnectionsPerServer);
        Assert.Equal(
            (TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(11)),
            (pool.ConnectTimeout, pool.PooledConnectionLifetime, pool.KeepAlivePingDelay));
        Assert.False(pool.AllowAutoRedirect);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Call_that_finds_the_queue_full_goes_to_the_next_provider(bool streamed)
    {
        var gate = new Gate();
        await using var server = await ScriptedModelServer.StartAsync();
        server.RespondWith(_ => ModelReply.Hang(gate));
        await using var second = await ScriptedModelServer.StartAsync();
        second.RespondWith(_ => ModelReply.Text("From the second."));
        await using var providers = TestProviders.With(
            $"Providers__vllm__Endpoint={server.Endpoint}",
            "Providers__vllm__MaxConcurrency=1",
            "Providers__vllm__MaxQueue=1",
            $"Providers__lmstudio__Endpoint={second.Endpoint}");
        var first = AskAsync(providers.Client("vllm:m"), streamed);
        await gate.Reached;
        var waiting = AskAsync(providers.Client("vllm:m"), streamed);

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client("vllm:m"), streamed));
        var elsewhere = await AskAsync(providers.Client("vllm:m", "lmstudio:m"), streamed);

        Assert.Equal(("provider_unavailable", "Too many calls wait for vllm already."), (thrown.Code, thrown.Message));
        Assert.Equal("From the second.", elsewhere.Text);
        gate.Open();
        Assert.All(await Task.WhenAll(first, waiting), response => Assert.Equal("released", response.Text));
    }

    private static Task<ChatResponse> AskAsync(IChatClient client, bool streamed) => streamed
        ? client.GetStreamingResponseAsync("Hello").ToChatResponseAsync()
        : client.GetResponseAsync("Hello");
}
