using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures.OpenApi;

namespace Yggdrasil.Contract.Tests;

[Collection(SharedLocalHost.Name)]
public class HealthContractTests(ContractFixture app)
{
    private static readonly string[] Checked = ["storage", "queues", "secrets", "cache", "orchestration"];

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer nonsense")]
    public async Task Strangers_hear_the_status_and_nothing_else(string? credentials)
    {
        using var http = new HttpClient(new ContractHandler()) { BaseAddress = app.Http.BaseAddress };
        using var response = await http.SendJsonAsync(
            HttpMethod.Get, "/health", "", credentials is null ? [] : [("Authorization", credentials)]);

        var health = await response.ReadAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["status", "timestamp", "version"], health.EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal));
        Assert.Contains(health.Text("status"), (string[])["healthy", "degraded"]);
    }

    [Fact]
    public async Task User_hears_no_more_than_a_stranger()
    {
        using var response = await app.Http.GetAsync(new Uri("/health", UriKind.Relative));

        Assert.False((await response.ReadAsync()).TryGetProperty("checks", out _));
    }

    [Fact]
    public async Task Admin_sees_every_dependency_once_the_timer_has_looked_and_finds_it_in_the_history()
    {
        // The timer fires once a minute.
        var checks = await UntilAsync("/health", health =>
            health.GetProperty("checks") is var found && found.TryGetProperty("orchestration", out _) ? found : null);

        Assert.All(Checked, name => Assert.Equal((name, "healthy"), (name, checks.GetProperty(name).Text("status"))));

        // Other tests make this provider fail at the same time.
        Assert.True(checks.TryGetProperty("provider:openai", out _));
        var storage = checks.GetProperty("storage");
        Assert.Equal(
            ["checkedAt", "detail", "durationMs", "status"], storage.EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal));
        var latest = await UntilAsync("/api/health/history?limit=1", history => history.GetProperty("items") is var items && items.GetArrayLength() > 0 ? items[0] : null);
        Assert.Equal("healthy", latest.GetProperty("checks").GetProperty("orchestration").Text("status"));
    }

    [Theory]
    [InlineData("/api/health/history?after=eDE")]
    [InlineData("/api/health/history?limit=101")]
    [InlineData("/api/health/history?day=1")]
    public async Task Wrong_query_is_refused(string path)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", app.As("olga", "admin"));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    /// <summary>What an admin is answered, once there is something of interest in it.</summary>
    private async Task<JsonElement> UntilAsync(string path, Func<JsonElement, JsonElement?> find) =>
        find(await app.Http.UntilAsync(path, answer => find(answer) is not null, app.As("olga", "admin")))!.Value;
}
