using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Failures;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Providers;

/// <summary>When operators are told that a provider refuses our credentials.</summary>
public sealed class CredentialAlertTests : IAsyncLifetime
{
    private const string Key = "sk-very-secret";

    private readonly RecordedLog<CredentialAlert> _log = new();
    private readonly FakeTimeProvider _time = new();
    private ScriptedModelServer _server = null!;

    public async Task InitializeAsync() => _server = await ScriptedModelServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData(401, false)]
    [InlineData(401, true)]
    [InlineData(403, false)]
    public async Task Refused_key_is_a_critical_event_once_in_five_minutes(int status, bool streamed)
    {
        _server.RespondWith(_ => ModelReply.Status(status));
        await using var providers = With();
        var client = providers.Client("openai:m");

        await FailAsync(client, streamed);
        await FailAsync(client, streamed);
        var (level, eventId, text) = Assert.Single(_log.Entries);
        Assert.Equal((LogLevel.Critical, 6010), (level, eventId));
        Assert.Contains("openai", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, text, StringComparison.Ordinal);
        _time.Advance(CredentialAlert.Interval);
        await FailAsync(client, streamed);

        Assert.Equal(2, _log.Entries.Count);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Other_failures_are_no_alert(int status)
    {
        _server.RespondWith(_ => ModelReply.Status(status));
        await using var providers = With();

        await FailAsync(providers.Client("openai:m"), streamed: false);

        Assert.Empty(_log.Entries);
    }

    [Fact]
    public async Task Provider_that_was_never_set_up_is_no_alert()
    {
        await using var providers = With();

        await FailAsync(providers.Client("anthropic:m"), streamed: false);

        Assert.Empty(_log.Entries);
    }

    private TestProviders With() => TestProviders.With(
        services => services.AddSingleton<TimeProvider>(_time).AddSingleton<ILogger<CredentialAlert>>(_log),
        $"Providers__openai__Endpoint={_server.Endpoint}",
        $"Providers__openai__ApiKey={Key}",
        "Providers__openai__RetryAttempts=0");

    private static Task<ProviderException> FailAsync(IChatClient client, bool streamed) => Assert.ThrowsAsync<ProviderException>(() => streamed
        ? client.GetStreamingResponseAsync("Hello").ToChatResponseAsync()
        : client.GetResponseAsync("Hello"));
}
