using System.Net;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Settings of authentication under which the host does not start, or cannot tell who calls.</summary>
public sealed class AuthenticationStartTests : IAsyncLifetime
{
    // Storage that is never asked: so no Azurite is started for a host that is not to start.
    private static readonly string Storage =
        $"DefaultEndpointsProtocol=http;AccountName=none;AccountKey=bm9uZQ==;TableEndpoint=http://127.0.0.1:{LoopbackPorts.Unused()}/none;BlobEndpoint=http://127.0.0.1:{LoopbackPorts.Unused()}/none;";

    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-start-").FullName;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => TestFolder.DeleteAsync(_data);

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://[::]:0")]
    [InlineData("http://*:0")]
    [InlineData("http://127.0.0.1:0;http://+:0")]
    public async Task Development_mode_beyond_loopback_refuses_to_start(string url)
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync([], url));

        Assert.Contains("is not loopback", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Development_mode_beyond_loopback_by_Kestrels_own_settings_refuses_to_start()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(new() { ["Kestrel__Endpoints__Open__Url"] = "http://0.0.0.0:0" }));

        Assert.Contains("is not loopback", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Development_mode_on_an_Azure_instance_refuses_to_start()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(new() { ["WEBSITE_INSTANCE_ID"] = "1" }));

        Assert.Contains("must not be used in Azure", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_that_are_wrong_are_named_all_at_once()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(
            () => StartAsync(new() { ["Auth__Authority"] = "http://login.example", ["Auth__KeyRefreshSeconds"] = "0" }));

        Assert.All(
            ["Auth__Authority must be an https address", "Auth__Audience must be", "Auth__KeyRefreshSeconds must be"],
            problem => Assert.Contains(problem, failure.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Issuer_that_does_not_answer_is_an_internal_error_and_not_the_callers()
    {
        await using var issuer = await TokenIssuer.StartAsync();
        issuer.Available = false;
        await using var host = await StartAsync(
            new() { ["Auth__Authority"] = issuer.Authority, ["Auth__Audience"] = TokenIssuer.Audience }, token: issuer.Token("alice"));

        using var response = await host.Http.GetAsync(new Uri("/api/runs", UriKind.Relative));
        using var live = await host.Http.GetAsync(new Uri("/live", UriKind.Relative));

        Assert.Equal((HttpStatusCode.InternalServerError, HttpStatusCode.OK), (response.StatusCode, live.StatusCode));
        Assert.Equal("internal_error", (await response.ReadAsync()).Text("code"));
        Assert.Contains("metadata cannot be read", host.Output, StringComparison.Ordinal);
    }

    private Task<LocalHostProcess> StartAsync(Dictionary<string, string> settings, string url = "http://127.0.0.1:0", string token = "dev:alice")
    {
        settings["AzureWebJobsStorage"] = Storage;
        return LocalHostProcess.StartAsync(_data, settings, token, url);
    }
}
