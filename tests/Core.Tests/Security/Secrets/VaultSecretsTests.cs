using Azure.Identity;
using Microsoft.AspNetCore.Http;
using Yggdrasil.Protection.Secrets;
using static Yggdrasil.Tests.Security.Secrets.VaultFixture;

namespace Yggdrasil.Tests.Security.Secrets;

/// <summary>The genuine SecretClient against a vault that answers as Key Vault does, and as it should not.</summary>
public sealed class VaultSecretsTests
{
    private const string ApiKeySecret = "providers-openai-apikey";
    private const string MasterKeySecret = "content-protection-key";

    [Fact]
    public async Task First_request_is_challenged_and_its_token_is_used_from_then_on()
    {
        await using var app = await StartAsync();
        app.Vault.Set(ApiKeySecret, "sk-1\n").Set(MasterKeySecret, TestKeys.New());

        Assert.True(await app.RefreshAsync());

        Assert.Equal(1, app.Vault.Challenges);
        Assert.Equal(["https://vault.azure.net/.default"], app.Vault.Identity.Scopes.Distinct());
        Assert.Equal(("sk-1", SecretsState.Current), (app.Secrets.Find(OpenAIKey), app.Secrets.State));
    }

    [Fact]
    public async Task Unknown_secret_is_absent_without_another_request_and_found_once_it_is_there()
    {
        await using var app = await StartAsync();
        app.Vault.Set(MasterKeySecret, TestKeys.New());
        Assert.True(await app.RefreshAsync());
        var asked = app.Vault.Requests.Count;

        Assert.Null(app.Secrets.Find(OpenAIKey));
        Assert.Null(app.Secrets.Find(SecretName.ApiKey("never-asked-for")));
        Assert.Equal((asked, SecretsState.Current), (app.Vault.Requests.Count, app.Secrets.State));

        app.Vault.Set(ApiKeySecret, "sk-1");
        Assert.True(await app.RefreshAsync());
        Assert.Equal("sk-1", app.Secrets.Find(OpenAIKey));
    }

    [Fact]
    public async Task Setting_that_is_present_wins_and_its_secret_is_not_asked_for()
    {
        await using var app = await StartAsync(settings: ("Providers:openai:ApiKey", " sk-setting\n"));
        app.Vault.Set(ApiKeySecret, "sk-vault").Set("providers-groq-apikey", "gsk-vault");

        await app.RefreshAsync();

        Assert.Equal(("sk-setting", "gsk-vault"), (app.Secrets.Find(OpenAIKey), app.Secrets.Find(GroqKey)));
        Assert.DoesNotContain(app.Vault.Requests, request => request.Contains(ApiKeySecret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Reloaded_setting_is_in_force_at_once()
    {
        await using var app = await StartAsync(settings: ("Providers:openai:ApiKey", "sk-1"));

        app.Reload("Providers:openai:ApiKey", "sk-2");

        Assert.Equal("sk-2", app.Secrets.Find(OpenAIKey));
    }

    [Fact]
    public async Task Rotated_secret_is_there_after_the_next_refresh()
    {
        await using var app = await StartAsync();
        app.Vault.Set(ApiKeySecret, "sk-1");
        await app.RefreshAsync();

        app.Vault.Set(ApiKeySecret, "sk-2");
        await app.RefreshAsync();

        Assert.Equal("sk-2", app.Secrets.Find(OpenAIKey));
    }

    [Fact]
    public async Task Disabled_secret_is_withdrawn_and_not_kept_as_a_last_good_value()
    {
        await using var app = await StartAsync();
        app.Vault.Set(ApiKeySecret, "sk-leaked");
        await app.RefreshAsync();

        app.Vault.Disable(ApiKeySecret, "v1");

        Assert.True(await app.RefreshAsync());
        Assert.Null(app.Secrets.Find(OpenAIKey));
    }

    [Fact]
    public async Task Versions_of_all_pages_come_newest_first_without_disabled_ones_and_each_value_is_fetched_once()
    {
        await using var app = await StartAsync();
        app.Vault.Set(MasterKeySecret, "one").Set(MasterKeySecret, "two", enabled: false).Set(MasterKeySecret, "three");

        await app.RefreshAsync();
        await app.RefreshAsync();

        Assert.Equal(["three", "one"], app.Secrets.GetVersions(SecretName.ContentProtectionKey).Select(version => version.Value));
        Assert.Single(app.Vault.Requests, $"GET /secrets/{MasterKeySecret}/v1");
        Assert.DoesNotContain($"GET /secrets/{MasterKeySecret}/v2", app.Vault.Requests);
        Assert.Equal(6, app.Vault.Requests.Count(request => request == $"GET /secrets/{MasterKeySecret}/versions"));
    }

    [Theory]
    [InlineData(403, """{"error":{"code":"Forbidden","message":"no role","innererror":{"code":"ForbiddenByRbac"}}}""")]
    [InlineData(403, "<html>a firewall</html>")]
    [InlineData(403, "[]")]
    [InlineData(429, "")]
    [InlineData(500, "")]
    [InlineData(503, "oops")]
    [InlineData(200, "<html>a proxy</html>")]
    [InlineData(200, "{}")]
    public async Task Failing_vault_leaves_the_last_good_values_and_says_so(int status, string body)
    {
        await using var app = await StartAsync();
        app.Vault.FailWith(status, body);
        Assert.False(await app.RefreshAsync());
        Assert.Equal((null, SecretsState.Loading), (app.Secrets.Find(OpenAIKey), app.Secrets.State));

        app.Vault.FailWith(null);
        app.Vault.Set(ApiKeySecret, "sk-1");
        Assert.True(await app.RefreshAsync());
        app.Vault.FailWith(status, body);
        Assert.False(await app.RefreshAsync());

        Assert.Equal(("sk-1", SecretsState.Stale), (app.Secrets.Find(OpenAIKey), app.Secrets.State));
        app.Vault.FailWith(null);
        Assert.True(await app.RefreshAsync());
        Assert.Equal(SecretsState.Current, app.Secrets.State);
    }

    [Fact]
    public async Task Refusal_of_one_secret_keeps_the_others_fresh()
    {
        await using var app = await StartAsync();
        app.Vault.Set(ApiKeySecret, "sk-1").Set("providers-groq-apikey", "gsk-1");
        app.Vault.FailWith(Refusing("openai"));

        Assert.False(await app.RefreshAsync());

        Assert.Equal((null, "gsk-1"), (app.Secrets.Find(OpenAIKey), app.Secrets.Find(GroqKey)));
        Assert.Contains(app.Log.Lines, line => line.Contains("providers-openai-apikey was not read from the vault (status 403", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Limited_rate_is_waited_out_within_the_client_and_retried()
    {
        await using var app = await StartAsync(vault => vault.ClientOptions(retries: 1));
        app.Vault.Set(ApiKeySecret, "sk-1");
        var first = true;
        app.Vault.FailWith((http, _, _) =>
        {
            http.Response.StatusCode = first ? 429 : 200;
            http.Response.Headers.RetryAfter = "0";
            (var limited, first) = (first, false);
            return Task.FromResult(limited);
        });

        Assert.True(await app.RefreshAsync());

        Assert.Equal("sk-1", app.Secrets.Find(OpenAIKey));
        Assert.Equal(app.Vault.Requests[0], app.Vault.Requests[1]);
    }

    [Fact]
    public async Task Silent_vault_is_given_up_after_the_clients_timeout()
    {
        await using var app = await StartAsync(vault =>
        {
            var options = vault.ClientOptions();
            options.Retry.NetworkTimeout = TimeSpan.FromMilliseconds(200);
            return options;
        });
        app.Vault.FailWith(Hang);

        Assert.False(await app.RefreshAsync());

        Assert.Equal(SecretsState.Loading, app.Secrets.State);
        Assert.Single(app.Vault.Requests);
    }

    [Fact]
    public async Task Identity_that_fails_is_a_vault_that_is_down()
    {
        await using var app = await StartAsync();
        app.Vault.Identity.Failure = new CredentialUnavailableException("no identity here");

        Assert.False(await app.RefreshAsync());

        Assert.Equal(SecretsState.Loading, app.Secrets.State);
        app.Vault.Identity.Failure = null;
        Assert.True(await app.RefreshAsync());
    }

    [Fact]
    public async Task Refresh_that_is_given_up_half_way_leaves_what_was_there_as_stale()
    {
        await using var app = await StartAsync();
        app.Vault.Set(ApiKeySecret, "sk-1");
        await app.RefreshAsync();
        using var given = new CancellationTokenSource();
        app.Vault.FailWith(async (_, _, _) =>
        {
            await given.CancelAsync();
            return false;
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => app.Secrets.RefreshAsync(given.Token));

        Assert.Equal(("sk-1", SecretsState.Stale), (app.Secrets.Find(OpenAIKey), app.Secrets.State));
    }

    [Fact]
    public async Task Refreshes_that_callers_ask_for_are_one_in_ten_seconds()
    {
        await using var app = await StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => app.Secrets.RefreshNowAsync(CancellationToken.None).AsTask()));
        var once = app.Vault.Requests.Count;

        await app.Secrets.RefreshNowAsync(CancellationToken.None);
        Assert.Equal(once, app.Vault.Requests.Count);

        app.Time.Advance(TimeSpan.FromSeconds(10));
        await app.Secrets.RefreshNowAsync(CancellationToken.None);
        Assert.Equal(2 * once, app.Vault.Requests.Count);
    }

    [Fact]
    public async Task Caller_does_not_wait_for_a_silent_vault_longer_than_ten_seconds()
    {
        await using var app = await StartAsync();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Vault.FailWith((http, path, token) =>
        {
            asked.TrySetResult();
            return Hang(http, path, token);
        });

        var waiting = app.Secrets.RefreshNowAsync(CancellationToken.None).AsTask();
        await asked.Task;
        Assert.False(waiting.IsCompleted);
        app.Time.Advance(TimeSpan.FromSeconds(10));

        await waiting;
        Assert.Equal(SecretsState.Loading, app.Secrets.State);
    }

    [Fact]
    public async Task No_value_is_in_logs_exceptions_or_texts_of_objects()
    {
        var key = TestKeys.New();
        await using var app = await StartAsync();
        app.Vault.Set(ApiKeySecret, "sk-canary").Set(MasterKeySecret, key).Set(MasterKeySecret, "not-a-key-canary");
        await app.RefreshAsync();
        app.Vault.FailWith(500, """{"error":{"code":"x","message":"sk-canary"}}""");
        await app.RefreshAsync();

        var texts = app.Log.Lines
            .Append(app.Secrets.GetVersions(SecretName.ContentProtectionKey)[0].ToString())
            .Append(app.Secrets.ToString()!).Append(app.Keys.ToString()!).Append(app.Keys.Current.ToString()!)
            .Append(new SecretUnavailableException(SecretName.ContentProtectionKey, "why").ToString())
            .ToList();

        Assert.Contains(texts, text => text.Contains("500", StringComparison.Ordinal));
        Assert.All(texts, text =>
        {
            Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
            Assert.DoesNotContain(key, text, StringComparison.Ordinal);
        });
    }

    private static Func<HttpContext, string, CancellationToken, Task<bool>> Refusing(string part) =>
        (http, path, _) =>
        {
            var refused = path.Contains(part, StringComparison.Ordinal);
            if (refused)
            {
                http.Response.StatusCode = 403;
            }

            return Task.FromResult(refused);
        };

    private static async Task<bool> Hang(HttpContext http, string path, CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        return true;
    }
}
