using Yggdrasil.Fixtures;
using Yggdrasil.Protection.Secrets;
using static Yggdrasil.Tests.Security.Secrets.VaultFixture;

namespace Yggdrasil.Tests.Security.Secrets;

/// <summary>The background refresh over a whole life: vault down at start, up, rotating, down again.</summary>
public sealed class VaultRefreshTests
{
    [Fact]
    public async Task Rotation_while_running_arrives_with_the_next_refresh()
    {
        await using var app = await StartAsync();
        app.Vault.Set("providers-openai-apikey", "sk-1");
        using var refresh = Create(app);
        await refresh.StartAsync(CancellationToken.None);
        Assert.Equal("sk-1", app.Secrets.Find(OpenAIKey));

        app.Vault.Set("providers-openai-apikey", "sk-2");
        await AdvanceUntilAsync(app, TimeSpan.FromSeconds(300), () => app.Secrets.Find(OpenAIKey) == "sk-2");

        await refresh.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Vault_down_at_start_does_not_stop_it_and_is_asked_again_with_growing_pauses()
    {
        await using var app = await StartAsync();
        app.Vault.Set("providers-openai-apikey", "sk-1").FailWith(503);
        using var refresh = Create(app);

        await refresh.StartAsync(CancellationToken.None);
        Assert.Equal(SecretsState.Loading, app.Secrets.State);

        await AdvanceUntilAsync(app, TimeSpan.FromSeconds(1), () => Pauses(app).Count >= 4);
        Assert.Equal(["00:00:01", "00:00:02", "00:00:04", "00:00:08"], Pauses(app).Take(4));
        app.Vault.FailWith(null);
        await AdvanceUntilAsync(app, TimeSpan.FromSeconds(1), () => app.Secrets.State == SecretsState.Current);
        Assert.Equal("sk-1", app.Secrets.Find(OpenAIKey));

        await refresh.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Vault_that_goes_down_later_leaves_the_last_good_values_and_comes_back()
    {
        await using var app = await StartAsync();
        app.Vault.Set("providers-openai-apikey", "sk-1");
        using var refresh = Create(app);
        await refresh.StartAsync(CancellationToken.None);

        app.Vault.FailWith(503);
        await AdvanceUntilAsync(app, TimeSpan.FromSeconds(300), () => app.Secrets.State == SecretsState.Stale);
        Assert.Equal("sk-1", app.Secrets.Find(OpenAIKey));
        app.Vault.Set("providers-openai-apikey", "sk-2").FailWith(null);
        await AdvanceUntilAsync(app, TimeSpan.FromSeconds(300), () => app.Secrets.State == SecretsState.Current);
        Assert.Equal("sk-2", app.Secrets.Find(OpenAIKey));

        await refresh.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Silent_vault_holds_up_the_start_for_ten_seconds_and_a_refresh_for_its_interval()
    {
        await using var app = await StartAsync();
        var asked = new SemaphoreSlim(0);
        app.Vault.Set("providers-openai-apikey", "sk-1");
        app.Vault.FailWith(async (_, _, token) =>
        {
            asked.Release();
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
            return true;
        });
        using var refresh = Create(app);

        var starting = refresh.StartAsync(CancellationToken.None);
        await asked.WaitAsync();
        Assert.False(starting.IsCompleted);
        app.Time.Advance(TimeSpan.FromSeconds(10));
        await starting;
        Assert.Equal(SecretsState.Loading, app.Secrets.State);

        app.Vault.FailWith(null);
        await AdvanceUntilAsync(app, TimeSpan.FromSeconds(300), () => app.Secrets.Find(OpenAIKey) == "sk-1");
        await refresh.StopAsync(CancellationToken.None);
    }

    private static VaultRefresh Create(VaultFixture app) =>
        new(app.Secrets, new KeyVaultOptions { Uri = app.Vault.Uri }, app.Time, app.Log.For<VaultRefresh>());

    private static Task AdvanceUntilAsync(VaultFixture app, TimeSpan step, Func<bool> condition) => Poll.UntilAsync(() =>
    {
        app.Time.Advance(step);
        return condition();
    });

    private static List<string> Pauses(VaultFixture app) =>
        [.. app.Log.Lines.Where(line => line.Contains("times in a row", StringComparison.Ordinal)).Select(line => line.Trim()[^8..])];
}
