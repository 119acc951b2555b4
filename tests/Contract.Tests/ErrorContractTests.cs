using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

[Collection(SharedLocalHost.Name)]
public class ErrorContractTests(ContractFixture app)
{
    private readonly (string, string) _admin = app.As("olga", "admin");

    [Fact]
    public async Task Failure_of_a_provider_is_found_resolved_and_reopened()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Status(400));
        using var failed = await app.Http.PostRunAsync(agent, new { input = "Hello" }, ("Prefer", "wait=60"));

        var error = await FindAsync("provider_rejected");
        Assert.Equal(("openai", "open"), (error.Text("provider"), error.Text("status")));
        Assert.True(error.GetProperty("count").GetInt64() >= 1);
        var resolved = await ChangeAsync(error.Text("id"), "resolve");
        Assert.Equal("resolved", resolved.Text("status"));
        Assert.True(resolved.TryGetProperty("resolvedAt", out _));
        var reopened = await ChangeAsync(error.Text("id"), "reopen");
        Assert.Equal("open", reopened.Text("status"));
        Assert.False(reopened.TryGetProperty("resolvedAt", out _));
    }

    [Theory]
    [InlineData("GET", "/api/errors")]
    [InlineData("POST", "/api/errors/x1/resolve")]
    [InlineData("POST", "/api/errors/x1/reopen")]
    [InlineData("GET", "/api/health/history")]
    public async Task Only_admins_and_admins_see_how_the_app_fares(string method, string path)
    {
        using var user = await app.Http.SendJsonAsync(new HttpMethod(method), path, "");
        using var admin = await app.Http.SendJsonAsync(new HttpMethod(method), path, "", app.As("ada", "admin"));

        Assert.Equal(HttpStatusCode.Forbidden, user.StatusCode);
        Assert.Equal(path.Contains("x1", StringComparison.Ordinal) ? HttpStatusCode.NotFound : HttpStatusCode.OK, admin.StatusCode);
    }

    [Theory]
    [InlineData("/api/errors?status=new")]
    [InlineData("/api/errors?limit=0")]
    [InlineData("/api/errors?after=eDE")]
    [InlineData("/api/errors?kind=x")]
    public async Task Wrong_query_is_refused(string path)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", _admin);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    /// <summary>Waits until the error has been written down.</summary>
    private async Task<JsonElement> FindAsync(string kind)
    {
        bool IsWanted(JsonElement error) => error.Text("kind") == kind && error.TryGetProperty("provider", out _);
        var errors = await app.Http.UntilAsync("/api/errors?limit=100", page => page.GetProperty("items").EnumerateArray().Any(IsWanted), _admin);
        return errors.GetProperty("items").EnumerateArray().First(IsWanted);
    }

    private async Task<JsonElement> ChangeAsync(string id, string verb)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/errors/{id}/{verb}", "", _admin);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.ReadAsync();
    }
}
