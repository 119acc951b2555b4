using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Failures;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Tests.Providers;

/// <summary>API keys that appear, change and vanish while the app runs, as the provider's server sees them.</summary>
public sealed class KeyRotationTests : IAsyncLifetime
{
    private readonly ChangingSecrets _secrets = new();
    private ScriptedModelServer _server = null!;

    public async Task InitializeAsync() => _server = await ScriptedModelServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("openai", "Authorization", "Bearer ", false)]
    [InlineData("openai", "Authorization", "Bearer ", true)]
    [InlineData("vllm", "Authorization", "Bearer ", false)]
    [InlineData("azure", "api-key", "", true)]
    public async Task Rotated_key_is_sent_with_the_next_call_of_the_same_client(string provider, string header, string prefix, bool streamed)
    {
        await using var providers = Providers(provider, _server.Address);
        _server.RespondWith(_ => ModelReply.Text("Hi."));
        var client = providers.Client($"{provider}:m");

        _secrets.Set(provider, "key-1");
        await AskAsync(client, streamed);
        _secrets.Set(provider, "key-2");
        await AskAsync(client, streamed);

        Assert.Equal([$"{prefix}key-1", $"{prefix}key-2"], _server.Requests.Select(request => request.Headers[header]));
    }

    [Fact]
    public async Task Rotated_key_of_anthropic_is_sent_with_the_next_call()
    {
        await using var server = await EffectServer.StartAsync();
        server.RespondWith(_ => new EffectReply(
            """
            {"id":"msg_1","type":"message","role":"assistant","model":"m","stop_reason":"end_turn","stop_sequence":null,
             "content":[{"type":"text","text":"Hi."}],"usage":{"input_tokens":1,"output_tokens":1}}
            """,
            ContentType: "application/json"));
        await using var providers = Providers("anthropic", server.Address);
        var client = providers.Client("anthropic:m");

        _secrets.Set("anthropic", "sk-ant-1");
        await AskAsync(client, streamed: false);
        _secrets.Set("anthropic", "sk-ant-2");
        await AskAsync(client, streamed: false);

        Assert.Equal(["Bearer sk-ant-1", "Bearer sk-ant-2"], server.Requests.Select(request => request.Headers["Authorization"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Provider_that_revoked_the_old_key_at_once_is_asked_again_with_the_new_one(bool streamed)
    {
        await using var providers = Providers("openai", _server.Address);
        _server.RespondWith(request =>
            request.Headers["Authorization"] == "Bearer key-2" ? ModelReply.Text("Hi.") : ModelReply.Status(401));
        _secrets.Set("openai", "key-1");
        _secrets.OnRefresh = () => _secrets.Set("openai", "key-2");

        var response = await AskAsync(providers.Client("openai:m"), streamed);

        Assert.Equal("Hi.", response.Text);
        Assert.Equal(1, _secrets.Refreshes);
    }

    [Fact]
    public async Task Refusal_of_the_only_key_is_not_repeated()
    {
        await using var providers = Providers("openai", _server.Address);
        _server.RespondWith(_ => ModelReply.Status(401));
        _secrets.Set("openai", "key-1");

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client("openai:m"), streamed: false));

        Assert.Equal("provider_credentials", thrown.Code);
        Assert.Single(_server.Requests);
    }

    [Theory]
    [InlineData(false, "openai is not set up: set Providers__openai__ApiKey, or the Key Vault secret providers-openai-apikey.")]
    [InlineData(true, "openai is not set up: set Providers__openai__ApiKey, or the Key Vault secret providers-openai-apikey (the vault has not answered yet).")]
    public async Task Missing_key_names_both_its_places_and_works_once_it_is_there(bool loading, string message)
    {
        await using var providers = Providers("openai", _server.Address);
        _server.RespondWith(_ => ModelReply.Text("Hi."));
        _secrets.State = loading ? SecretsState.Loading : SecretsState.Current;
        var client = providers.Client("openai:m");

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(client, streamed: false));
        _secrets.Set("openai", "key-1");
        var response = await AskAsync(client, streamed: false);

        Assert.Equal(("provider_credentials", FailureClass.NextProvider, message), (thrown.Code, thrown.Failure, thrown.Message));
        Assert.Equal("Hi.", response.Text);
    }

    [Fact]
    public async Task Key_that_no_header_can_hold_fails_without_showing_it()
    {
        await using var providers = Providers("openai", _server.Address);
        _secrets.Set("openai", "canary\r\nX-Admin: true");

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client("openai:m"), streamed: false));

        Assert.Equal("provider_credentials", thrown.Code);
        Assert.DoesNotContain("canary", thrown.ToString(), StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    private TestProviders Providers(string provider, Uri endpoint) => TestProviders.With(
        services => services.AddSingleton<ISecrets>(_secrets),
        $"Providers__{provider}__Endpoint={endpoint}", $"Providers__{provider}__RetryAttempts=0", "KeyVault__Uri=https://tests.vault.azure.net");

    private static Task<ChatResponse> AskAsync(IChatClient client, bool streamed) => streamed
        ? client.GetStreamingResponseAsync("Hello").ToChatResponseAsync()
        : client.GetResponseAsync("Hello");

    /// <summary>Secrets as the test sets them; stands in for the vault, which has tests of its own.</summary>
    private sealed class ChangingSecrets : ISecrets
    {
        private readonly ConcurrentDictionary<string, string> _values = [];

        public SecretsState State { get; set; } = SecretsState.Current;

        public int Refreshes { get; private set; }

        public Action OnRefresh { get; set; } = () => { };

        public void Set(string provider, string key) => _values[$"providers-{provider}-apikey"] = key;

        public string? Find(SecretName name) => _values.GetValueOrDefault(name.Secret);

        public IReadOnlyList<SecretVersion> GetVersions(SecretName name) => [];

        public ValueTask RefreshNowAsync(CancellationToken cancellationToken)
        {
            Refreshes++;
            OnRefresh();
            return ValueTask.CompletedTask;
        }
    }
}
