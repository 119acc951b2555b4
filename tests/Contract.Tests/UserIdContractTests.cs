using System.Net;

namespace Yggdrasil.Contract.Tests;

/// <summary>Whom an issuer lets in, an admin can manage, whatever the user is called.</summary>
[Collection(JwtLocalHost.Name)]
public sealed class UserIdContractTests(JwtContractFixture app)
{
    public static TheoryData<string> Users => new(
        "repo:org/app:ref:refs/heads/main", "O'Brien", @"DOMAIN\user", "jürgen@exämple.no", "a#b?c=d&e", "50% of 100%", "日本", "😀", "a b", "a+b", "/", "a;b,c");

    [Theory]
    [MemberData(nameof(Users))]
    public async Task User_of_any_id_is_disabled_limited_looked_after_and_forgotten(string name)
    {
        var user = $"{name}{Guid.NewGuid():N}";
        var path = $"/api/users/{Uri.EscapeDataString(user)}";
        var own = app.As(user);
        var root = app.As("root", "admin");
        using var created = await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a1", """{"model":"demo:x"}""", own);
        using var run = await app.Http.PostRunAsync("a1", new { input = "Hello" }, own, ("Prefer", "wait=60"));

        using var disabled = await app.Http.SendJsonAsync(HttpMethod.Put, $"{path}/disabled", "", root);
        using var refused = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/runs", "", own);
        using var enabled = await app.Http.SendJsonAsync(HttpMethod.Delete, $"{path}/disabled", "", root);
        using var limited = await app.Http.SendJsonAsync(HttpMethod.Put, $"{path}/limits", """{"concurrentRuns":7}""", root);
        using var limits = await app.Http.SendJsonAsync(HttpMethod.Get, $"{path}/limits", "", root);
        using var usage = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/usage?userId={Uri.EscapeDataString(user)}", "", root);
        using var runs = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/runs?userId={Uri.EscapeDataString(user)}", "", root);
        using var export = await app.Http.SendJsonAsync(HttpMethod.Get, $"{path}/export", "", root);
        var exported = await export.Content.ReadAsStringAsync();
        using var removed = await app.Http.SendJsonAsync(HttpMethod.Delete, $"{path}/data", "", root);
        using var after = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/agents/a1", "", own);

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (created.StatusCode, run.StatusCode));
        Assert.Equal(HttpStatusCode.NoContent, disabled.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.OK), (enabled.StatusCode, limited.StatusCode));
        Assert.Equal(7, (await limits.ReadAsync()).GetProperty("concurrentRuns").GetInt32());
        Assert.Equal(1, (await usage.ReadAsync()).GetProperty("today").GetProperty("requests").GetInt32());
        var links = Assert.Single((await runs.ReadAsync()).GetProperty("items").EnumerateArray()).GetProperty("links");
        using var followed = await app.Http.SendJsonAsync(HttpMethod.Get, links.Text("self"), "", root);
        Assert.Contains(followed.StatusCode, new[] { HttpStatusCode.OK, HttpStatusCode.NotFound });
        Assert.Contains("\"a1\"", exported, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, after.StatusCode);
    }

    [Theory]
    [MemberData(nameof(Users))]
    public async Task Agent_is_shared_with_and_decided_by_a_user_of_any_id(string name)
    {
        var user = $"{name}{Guid.NewGuid():N}";
        var agent = await app.PutAgentAsync(new { model = "demo:x", approvers = new[] { $"user:{user}" } });
        var share = $"/api/agents/{agent}/shares/{Uri.EscapeDataString(user)}";

        using var shared = await app.Http.SendJsonAsync(HttpMethod.Put, share, "");
        using var list = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/agents?limit=100", "", app.As(user));
        using var taken = await app.Http.SendJsonAsync(HttpMethod.Delete, share, "");
        using var less = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/agents?limit=100", "", app.As(user));

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (shared.StatusCode, taken.StatusCode));
        Assert.Contains($"~{agent}\"", await list.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain($"~{agent}\"", await less.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a%2Fb")]
    [InlineData("a\nb")]
    [InlineData("..")]
    [InlineData("256")]
    public async Task Whom_no_admin_could_name_is_not_let_in(string name)
    {
        var user = name == "256" ? new string('x', 256) : name;

        using var response = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/runs", "", app.As(user));
        using var named = await app.Http.SendJsonAsync(
            HttpMethod.Get, $"/api/runs?userId={Uri.EscapeDataString(user)}", "", app.As("root", "admin"));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, named.StatusCode);
    }
}
