using System.Net;
using Yggdrasil.Contract.Tests.McpServer;
using Yggdrasil.Fixtures;
using Yggdrasil.Fixtures.OpenApi;

namespace Yggdrasil.Contract.Tests;

/// <summary>Who gets in, with tokens of a real issuer.</summary>
[Collection(JwtLocalHost.Name)]
public sealed class AuthenticationContractTests(JwtContractFixture app)
{
    private const string Runs = "/api/runs";

    // The functions that the contract opens to strangers. What browsers ask first carries no credentials.
    private static readonly string[] Open = ["/live", "/ready", "/health", "/openapi.json", "/.well-known/oauth-protected-resource/mcp", "/x1"];

    public static TheoryData<string, string, string> ClosedFunctions
    {
        get
        {
            var functions = new TheoryData<string, string, string>();
            foreach (var (name, verb, path) in HttpFunctions.All.Where(function => !Open.Contains(function.Path)))
            {
                functions.Add(name, verb, path);
            }

            return functions;
        }
    }

    // What Kestrel itself refuses for its length has a test of its own.
    public static TheoryData<string> Forgeries => new(TokenIssuerForgeries.Names.Where(name => name != "1 MB token"));

    [Theory]
    [MemberData(nameof(ClosedFunctions))]
    public async Task Function_refuses_who_sends_no_or_no_valid_credentials(string function, string verb, string path)
    {
        using var http = new HttpClient(new ContractHandler()) { BaseAddress = app.Http.BaseAddress };
        using var anonymous = await http.SendJsonAsync(new HttpMethod(verb), path, "{}");
        using var forged = await http.SendJsonAsync(
            new HttpMethod(verb), path, "{}", ("Authorization", TokenIssuerForgeries.Make("key of another issuer under a known id", app.Issuer)));
        using var expired = await http.SendJsonAsync(
            new HttpMethod(verb), path, "{}", ("Authorization", TokenIssuerForgeries.Make("expired", app.Issuer)));

        foreach (var (response, challenge) in new[] { (anonymous, "Bearer"), (forged, "Bearer error=\"invalid_token\""), (expired, "Bearer error=\"invalid_token\"") })
        {
            Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{function}: {(int)response.StatusCode}");
            var told = Assert.Single(response.Headers.WwwAuthenticate).ToString();
            if (path == "/mcp")
            {
                Assert.StartsWith(challenge, told, StringComparison.Ordinal);
                Assert.EndsWith($"resource_metadata=\"{app.Http.BaseAddress}.well-known/oauth-protected-resource/mcp\"", told, StringComparison.Ordinal);
            }
            else
            {
                Assert.Equal(challenge, told);
            }

            var problem = await response.ReadAsync();
            Assert.Equal(
                path.StartsWith("/v1/", StringComparison.Ordinal) ? "invalid_api_key" : "unauthenticated",
                (problem.TryGetProperty("error", out var error) ? error : problem).Text("code"));
        }
    }

    [Fact]
    public void Every_function_but_those_of_the_contract_is_closed()
    {
        Assert.Contains(("StartRun", "POST", "/api/agents/x1/runs"), HttpFunctions.All);
        Assert.Contains(("DisableUser", "PUT", "/api/users/x1/disabled"), HttpFunctions.All);
        Assert.All(
            HttpFunctions.All.Where(function => Open.Contains(function.Path)), function => Assert.Contains(function.Name, (string[])["Live", "Ready", "Health", "GetOpenApi", "GetMcpResource", "Preflight"]));
    }

    [Theory]
    [InlineData("/live")]
    [InlineData("/ready")]
    [InlineData("/openapi.json")]
    [InlineData("/.well-known/oauth-protected-resource/mcp")]
    public async Task Route_that_is_open_answers_strangers(string path)
    {
        using var http = new HttpClient(new ContractHandler()) { BaseAddress = app.Http.BaseAddress };
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Client_of_the_mcp_server_learns_the_issuer_and_gets_in_with_its_token()
    {
        using var response = await app.Http.GetAsync(new Uri("/.well-known/oauth-protected-resource/mcp", UriKind.Relative));
        var resource = await response.ReadAsync();
        using var listed = await app.Http.PostMcpAsync("""{"jsonrpc":"2.0","id":1,"method":"tools/list"}""", app.As("bob"));

        Assert.Equal($"{app.Http.BaseAddress}mcp", resource.Text("resource"));
        Assert.Equal([app.Issuer.Authority], resource.GetProperty("authorization_servers").EnumerateArray().Select(issuer => issuer.GetString()));
        Assert.Equal(HttpStatusCode.OK, listed.StatusCode);
    }

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task Forged_token_is_401_and_is_not_told_why(string forgery)
    {
        using var response = await app.Http.SendJsonAsync(
            HttpMethod.Get, Runs, "", ("Authorization", TokenIssuerForgeries.Make(forgery, app.Issuer)));
        var problem = await response.ReadAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Bearer", Assert.Single(response.Headers.WwwAuthenticate).Scheme);
        Assert.Contains(problem.Text("detail"), (string[])
        [
            "The access token is not valid for this service, or no longer valid.", "Send Authorization: Bearer <access token>.",
        ]);
    }

    [Fact]
    public async Task Token_of_1_MB_does_not_get_in_and_the_next_caller_does()
    {
        using var http = new HttpClient(new ContractHandler()) { BaseAddress = app.Http.BaseAddress };
        HttpStatusCode? status = null;
        try
        {
            using var response = await http.SendJsonAsync(
                HttpMethod.Get, Runs, "", ("Authorization", TokenIssuerForgeries.Make("1 MB token", app.Issuer)));
            status = response.StatusCode;
        }
        catch (HttpRequestException)
        {
            // The server stops reading at its limit for headers; the client may find the connection closed while it writes.
        }

        using var next = await app.Http.GetAsync(new Uri(Runs, UriKind.Relative));

        Assert.True(status is null or HttpStatusCode.Unauthorized or HttpStatusCode.RequestHeaderFieldsTooLarge, $"{status}");
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    public async Task Same_user_id_in_another_tenant_or_another_case_is_somebody_else()
    {
        var agent = await app.PutAgentAsync();
        var path = $"/api/agents/{agent}";

        using var own = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", app.As("alice"));
        using var otherTenant = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", ForeignAlice());
        using var otherCase = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", app.As("Alice"));

        Assert.Equal(
            (HttpStatusCode.OK, HttpStatusCode.NotFound, HttpStatusCode.NotFound), (own.StatusCode, otherTenant.StatusCode, otherCase.StatusCode));
    }

    [Fact]
    public async Task Admin_of_another_tenant_disables_nobody_here()
    {
        var user = $"u{Guid.NewGuid():N}";

        using var disabled = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/users/{user}/disabled", "", ForeignAlice());
        using var response = await app.Http.SendJsonAsync(HttpMethod.Get, Runs, "", app.As(user));

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.OK), (disabled.StatusCode, response.StatusCode));
    }

    [Fact]
    public async Task New_signing_key_is_accepted_while_running_and_so_is_the_old_one_as_long_as_it_is_published()
    {
        var old = app.Token("alice");
        app.Issuer.Rotate();
        var token = app.Token("alice");

        // Another test may just have used up the one reading of keys within two seconds.
        await Poll.UntilAsync(() => StatusAsync(token), status => status == HttpStatusCode.OK);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(old));
    }

    [Fact]
    public async Task Token_does_not_appear_in_what_the_host_writes()
    {
        var forged = TokenIssuerForgeries.Make("tampered payload", app.Issuer);

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(forged["Bearer ".Length..]));

        foreach (var part in forged["Bearer ".Length..].Split('.').Skip(1))
        {
            Assert.DoesNotContain(part, app.Output, StringComparison.Ordinal);
        }
    }

    /// <summary>Alice, and admin, of another tenant that is allowed.</summary>
    private (string, string) ForeignAlice() =>
        ("Authorization", $"Bearer {app.Issuer.Token("alice", ("tid", JwtContractFixture.OtherTenant), ("roles", "admin"))}");

    private async Task<HttpStatusCode> StatusAsync(string token)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Get, Runs, "", ("Authorization", $"Bearer {token}"));
        return response.StatusCode;
    }
}
