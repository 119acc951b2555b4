using System.Text;
using Azure.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Yggdrasil.Fixtures;
using Yggdrasil.Hosting;
using Yggdrasil.Models;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;
using Yggdrasil.Operations.Health;
using Yggdrasil.Protection;
using Yggdrasil.Protection.Secrets;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Security.Secrets;

/// <summary>The whole registration with a vault in place of secret settings.</summary>
[Collection(SharedAzurite.Name)]
public sealed class VaultAppTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private static readonly ContentAddress Address = new("Work", "dev!alice", "run!run_1!0000000001", "Content");

    private FakeVault _vault = null!;

    public async Task InitializeAsync() => _vault = await FakeVault.StartAsync();

    public async Task DisposeAsync() => await _vault.DisposeAsync();

    [Fact]
    public async Task App_without_secret_settings_takes_its_key_from_the_vault()
    {
        _vault.Set("content-protection-key", TestKeys.New());
        using var app = Build();

        await app.StartAsync();

        Assert.True(await ReadyAsync(app));
        var vault = app.Services.GetRequiredService<ContentVault>();
        var envelope = await vault.SealAsync("content"u8.ToArray(), Address, CancellationToken.None);
        Assert.Equal("content", Encoding.UTF8.GetString(await vault.OpenAsync(envelope, Address, CancellationToken.None)));
        await app.StopAsync();
    }

    [Fact]
    public async Task Vault_down_at_start_leaves_the_app_live_not_ready_and_failing_clearly_until_it_answers()
    {
        _vault.Set("content-protection-key", TestKeys.New()).Set("providers-openai-apikey", "sk-1");
        _vault.FailWith(503);
        using var app = Build();

        await app.StartAsync();

        Assert.False(await ReadyAsync(app));
        var vault = app.Services.GetRequiredService<ContentVault>();
        await Assert.ThrowsAsync<SecretUnavailableException>(
            () => vault.SealAsync("content"u8.ToArray(), Address, CancellationToken.None).AsTask());
        var client = app.Services.GetRequiredService<IModelClients>().GetClient(new ModelId("openai", "m"), []);
        var thrown = await Assert.ThrowsAsync<ProviderException>(() => client.GetResponseAsync([], null, CancellationToken.None));
        Assert.Contains("the vault has not answered yet", thrown.Message, StringComparison.Ordinal);

        _vault.FailWith(null);
        await Poll.UntilAsync(() => app.Services.GetRequiredService<ISecrets>().State == SecretsState.Current);
        Assert.True(await ReadyAsync(app));
        await vault.SealAsync("content"u8.ToArray(), Address, CancellationToken.None);
        await app.StopAsync();
    }

    [Fact]
    public async Task Vault_that_goes_down_later_leaves_the_app_ready_with_a_warning()
    {
        _vault.Set("content-protection-key", TestKeys.New());
        var log = new RecordedLog();
        using var app = Build(log);
        await app.StartAsync();

        _vault.FailWith(503);
        Assert.False(await app.Services.GetRequiredService<VaultSecrets>().RefreshAsync(CancellationToken.None));

        Assert.True(await ReadyAsync(app));
        Assert.Contains(log.Lines, line => line.StartsWith("Warning: Secrets are stale", StringComparison.Ordinal));
        await app.StopAsync();
    }

    [Fact]
    public async Task Vault_without_a_content_protection_key_is_not_ready()
    {
        using var app = Build();

        await app.StartAsync();

        Assert.Equal(SecretsState.Current, app.Services.GetRequiredService<ISecrets>().State);
        Assert.False(await ReadyAsync(app));
        await app.StopAsync();
    }

    [Fact]
    public async Task Without_vault_and_key_the_start_says_which_of_them_to_set()
    {
        using var app = Build(settings: ("KeyVault:Uri", null));

        var refused = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => app.StartAsync());

        Assert.StartsWith("Protection__Key is missing: it must be the Base64 of 32 random bytes", Assert.Single(refused.Failures), StringComparison.Ordinal);
        Assert.EndsWith("or KeyVault__Uri must name the vault that holds content-protection-key.", refused.Failures.Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("KeyVault:Uri", "http://v.vault.azure.net", "KeyVault__Uri must be the https address of a vault, such as https://name.vault.azure.net.")]
    [InlineData("KeyVault:Uri", "v.vault.azure.net", "KeyVault__Uri must be the https address of a vault, such as https://name.vault.azure.net.")]
    [InlineData("KeyVault:RefreshSeconds", "9", "KeyVault__RefreshSeconds must be between 10 and 86400.")]
    [InlineData("KeyVault:RefreshSeconds", "5 min", "KeyVault__RefreshSeconds must be a whole number.")]
    [InlineData("KeyVault:RefreshSecond", "60", "KeyVault__RefreshSecond is no setting: did you mean KeyVault__RefreshSeconds?")]
    public async Task Wrong_vault_setting_stops_the_start(string key, string value, string problem)
    {
        using var app = Build(settings: (key, value));

        var refused = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => app.StartAsync());

        Assert.Equal([problem], refused.Failures);
    }

    private static Task<bool> ReadyAsync(IHost app) =>
        app.Services.GetRequiredService<Readiness>().IsReadyAsync(CancellationToken.None);

    private IHost Build(RecordedLog? log = null, params (string Key, string? Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(
            new HostApplicationBuilderSettings { EnvironmentName = Environments.Development });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = azurite.ConnectionString,
            ["Auth:Mode"] = "Development",
            ["KeyVault:Uri"] = _vault.Uri,
        });
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, setting.Value)));
        builder.Services.AddSingleton(_vault.ClientOptions());
        builder.Services.AddSingleton<TokenCredential>(_vault.Identity);
        if (log is not null)
        {
            builder.Services.AddSingleton(log.For<Readiness>());
        }

        builder.Services.AddYggdrasil(builder.Configuration);
        return builder.Build();
    }
}
