using System.Net;

namespace Yggdrasil.Contract.Tests;

/// <summary>Valid credentials of users who are not wanted any more.</summary>
[Collection(UsersHost.Name)]
public class DisabledUserTests(ContractFixture app)
{
    [Fact]
    public async Task Disabled_user_is_401_on_every_route_until_enabled()
    {
        var user = $"u{Guid.NewGuid():N}";
        var path = $"/api/users/{user}/disabled";
        using var before = await GetAsync("/api/runs", user);

        using var disabled = await app.Http.SendJsonAsync(HttpMethod.Put, path, "", app.As("root", "admin"));
        using var again = await app.Http.SendJsonAsync(HttpMethod.Put, path, "", app.As("root", "admin"));
        HttpResponseMessage[] refused = [await GetAsync("/api/runs", user), await GetAsync("/api/agents", user), await GetAsync("/api/tools", user)];
        using var enabled = await app.Http.SendJsonAsync(HttpMethod.Delete, path, "", app.As("root", "admin"));
        using var after = await GetAsync("/api/runs", user);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (before.StatusCode, after.StatusCode));
        Assert.All([disabled, again, enabled], response => Assert.Equal(HttpStatusCode.NoContent, response.StatusCode));
        Assert.All(refused, response => Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode));
        Array.ForEach(refused, response => response.Dispose());
    }

    [Fact]
    public async Task Enabling_a_user_nobody_disabled_is_204()
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Delete, $"/api/users/u{Guid.NewGuid():N}/disabled", "", app.As("root", "admin"));

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    [Theory]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public async Task Who_is_no_admin_is_403_also_for_themselves(string verb)
    {
        using var other = await app.Http.SendJsonAsync(new HttpMethod(verb), "/api/users/bob/disabled", "");
        using var self = await app.Http.SendJsonAsync(new HttpMethod(verb), "/api/users/alice/disabled", "");

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (other.StatusCode, self.StatusCode));
    }

    [Fact]
    public async Task Admin_cannot_lock_themselves_out()
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Put, "/api/users/root/disabled", "", app.As("root", "admin"));
        using var still = await GetAsync("/api/runs", "root");

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.OK), (response.StatusCode, still.StatusCode));
    }

    [Theory]
    [InlineData("a%252Fb%0A")]
    [InlineData("a%0Ab")]
    [InlineData("a%7Fb")]
    public async Task Id_that_no_user_can_have_is_400(string id)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/users/{id}/disabled", "", app.As("root", "admin"));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True((await response.ReadAsync()).GetProperty("errors").TryGetProperty("id", out _));
    }

    private Task<HttpResponseMessage> GetAsync(string path, string user) => app.Http.SendJsonAsync(HttpMethod.Get, path, "", app.As(user));
}

/// <summary>What development mode cannot show: there is one tenant, and nobody is disabled by configuration.</summary>
[Collection(JwtLocalHost.Name)]
public sealed class DisabledUserUnderJwtTests(JwtContractFixture app) : DisabledUserTests(app)
{
    [Fact]
    public async Task User_disabled_by_configuration_is_401_whatever_admins_do()
    {
        using var enabled = await app.Http.SendJsonAsync(HttpMethod.Delete, "/api/users/fired/disabled", "", app.As("root", "admin"));
        using var response = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/runs", "", app.As("fired"));

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.Unauthorized), (enabled.StatusCode, response.StatusCode));
    }
}
