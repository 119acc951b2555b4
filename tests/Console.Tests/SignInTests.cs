using Microsoft.Playwright;
using Xunit.Abstractions;
using Yggdrasil.Contract.Tests;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Console.Tests;

/// <summary>Hosts of their own: one that asks for tokens, and one that is killed while it is watched.</summary>
public sealed class SignInTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-console-").FullName;
    private readonly Browser _browser = new();

    public Task InitializeAsync() => _browser.InitializeAsync();

    public async Task DisposeAsync()
    {
        await _browser.DisposeAsync();
        await TestFolder.DeleteAsync(_data);
    }

    [Fact]
    public async Task User_signs_in_at_the_issuer_and_no_token_is_kept_anywhere()
    {
        await using var issuer = await TokenIssuer.StartAsync();
        await using var host = await LocalHostProcess.StartAsync(_data, new Dictionary<string, string>
        {
            ["Auth__Authority"] = issuer.Authority,
            ["Auth__Audience"] = TokenIssuer.Audience,
            ["Console__ClientId"] = TokenIssuer.ClientId,
            ["Console__Scopes__0"] = "openid",
        });
        using var plain = new HttpClient { BaseAddress = host.Http.BaseAddress };
        using var page = await plain.GetAsync(new Uri("/console/", UriKind.Relative));
        Assert.Contains($"connect-src 'self' {issuer.Authority};", Assert.Single(page.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        await using var console = await _browser.OpenAsync(host.Http.BaseAddress!, output);
        if (console is null)
        {
            return;
        }

        await console.Page.GotoAsync(new Uri(console.Host, "console/#/agents").ToString());
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();

        await Assertions.Expect(console.Page.Locator(".side .foot")).ToContainTextAsync("Signed in as alice");
        await Assertions.Expect(console.Page.GetByRole(AriaRole.Heading, new() { Name = "Agents" })).ToBeVisibleAsync();
        Assert.Equal(new Uri(console.Host, "console/#/agents").ToString(), console.Page.Url);
        Assert.Equal(0, await console.Page.EvaluateAsync<int>("localStorage.length + sessionStorage.length + document.cookie.length"));
        Assert.Empty(console.Reports);
    }

    [Fact]
    public async Task Run_is_watched_to_its_end_although_the_host_is_killed_meanwhile()
    {
        var url = $"http://127.0.0.1:{LoopbackPorts.Unused()}";
        var settings = new Dictionary<string, string> { ["Runs__LeaseSeconds"] = "12" };
        var host = await LocalHostProcess.StartAsync(_data, settings, "dev:local", url);
        try
        {
            using var put = await host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/slow", """{"model":"demo:slow","tools":["clock"]}""");
            put.EnsureSuccessStatusCode();
            await using var console = await _browser.OpenAsync(new Uri(url), output);
            if (console is null)
            {
                return;
            }

            using var started = await host.Http.PostRunAsync("slow", new { input = "What time is it in Oslo, in Rome, in Paris, in Tokyo and in Lima?", stream = true });
            var run = (await started.ReadAsync()).Text("id");
            await console.GoAsync($"/runs/{run}");
            await Assertions.Expect(console.Page.GetByRole(AriaRole.Heading, new() { Name = "Answering" })).ToBeVisibleAsync();

            await host.KillAsync();
            await Assertions.Expect(console.Page.GetByText("takes up again")).ToBeVisibleAsync();
            await host.DisposeAsync();
            host = await LocalHostProcess.StartAsync(_data, settings, "dev:local", url);

            await Assertions.Expect(console.Page.Locator("main .status.completed").First).ToBeVisibleAsync();
            await Assertions.Expect(console.Page.GetByLabel("Answer", new() { Exact = true })).ToContainTextAsync("In Oslo it is");
            await Assertions.Expect(console.Page.GetByText("takes up again")).ToHaveCountAsync(0);
            Assert.Empty(console.Reports);
        }
        finally
        {
            await host.DisposeAsync();
        }
    }
}
