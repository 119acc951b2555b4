using System.Net;

namespace Yggdrasil.Contract.Tests;

/// <summary>What the operator role opens, with tokens of a real issuer: development mode knows admins only.</summary>
[Collection(JwtLocalHost.Name)]
public sealed class OperatorTests(JwtContractFixture app)
{
    public static TheoryData<string, string> Routes => new()
    {
        { "GET", "/api/errors" },
        { "POST", "/api/errors/none/resolve" },
        { "POST", "/api/errors/none/reopen" },
        { "GET", "/api/poison" },
        { "POST", "/api/poison/psn_1_2/replay" },
        { "GET", "/api/health/history" },
        { "GET", "/api/mcp/servers" },
        { "GET", "/api/mcp/servers/none" },
        { "GET", "/api/mcp/servers/none/tools" },
        { "POST", "/api/mcp/servers/none/refresh" },
        { "POST", "/api/mcp/servers/none/tools/x/withdraw" },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Operators_and_admins_get_an_answer_and_others_are_refused(string method, string path)
    {
        var found = path.Contains("none", StringComparison.Ordinal) || path.Contains("psn_", StringComparison.Ordinal) ? HttpStatusCode.NotFound : HttpStatusCode.OK;

        Assert.Equal(found, await AskAsync(method, path, "operator"));
        Assert.Equal(found, await AskAsync(method, path, "admin"));
        foreach (var role in (string[])["Operator", "operators", "operator admin", "user"])
        {
            Assert.Equal((role, HttpStatusCode.Forbidden), (role, await AskAsync(method, path, role)));
        }

        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(method, path));
    }

    [Theory]
    [InlineData("GET", "/api/agents?userId=bob")]
    [InlineData("GET", "/api/runs?userId=bob")]
    [InlineData("GET", "/api/conversations?userId=bob")]
    [InlineData("GET", "/api/users/bob/export")]
    [InlineData("DELETE", "/api/users/bob/data")]
    [InlineData("PUT", "/api/users/bob/disabled")]
    public async Task Operator_role_opens_no_data_of_users(string method, string path) =>
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(method, path, "operator"));

    private async Task<HttpStatusCode> AskAsync(string method, string path, params string[] roles)
    {
        using var answer = await app.Http.SendJsonAsync(new HttpMethod(method), path, "", app.As("olga", roles));
        return answer.StatusCode;
    }
}
