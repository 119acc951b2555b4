using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Functions.Console;
using Yggdrasil.Identity.Authentication;

namespace Yggdrasil.Functions.Tests.Console;

/// <summary>The console as the deployed app has it: its files are in the app's own assembly, and it is off until it is set up.</summary>
public sealed class ConsoleFunctionsTests
{
    private const string Authority = "https://login.microsoftonline.com/tenant/v2.0";

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Without_a_client_id_it_is_off_outside_development(string? client)
    {
        var console = Create(Environments.Production, client);

        Assert.Throws<NotFoundException>(() => console.GetConsoleFile(Request("/console/"), ""));
        Assert.Throws<NotFoundException>(() => console.GetConsoleConfig(Request("/console/config.json")));
    }

    [Fact]
    public async Task With_a_client_id_the_page_is_served_and_may_ask_the_issuer_for_tokens()
    {
        var request = Request("/console/");

        var page = await BodyAsync(request, Create(Environments.Production, "client").GetConsoleFile(request, ""));

        Assert.StartsWith("<!doctype html>", page, StringComparison.Ordinal);
        Assert.Contains(
            "connect-src 'self' https://login.microsoftonline.com; ", request.HttpContext.Response.Headers.ContentSecurityPolicy.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sign_in_is_told_by_whom_for_whom_and_with_which_scopes()
    {
        var request = Request("/console/config.json");

        using var config = JsonDocument.Parse(await BodyAsync(request, Create(Environments.Production, "client").GetConsoleConfig(request)));

        Assert.Equal(
            $$"""{"development":false,"authority":"{{Authority}}","clientId":"client","scopes":["openid","offline_access","api://agents/.default"]}""",
            config.RootElement.GetRawText());
    }

    [Fact]
    public async Task In_development_nobody_signs_in()
    {
        var request = Request("/console/config.json");
        var console = new ConsoleFunctions(
            Options.Create(new ConsoleOptions()), Options.Create(new AuthOptions { Mode = AuthOptions.DevelopmentMode }), In(Environments.Development));

        Assert.Equal("""{"development":true}""", await BodyAsync(request, console.GetConsoleConfig(request)));
    }

    private static ConsoleFunctions Create(string environment, string? client) => new(
        Options.Create(new ConsoleOptions { ClientId = client }),
        Options.Create(new AuthOptions { Authority = Authority, Audience = "api://agents" }),
        In(environment));

    private static HostingEnvironment In(string environment) => new() { EnvironmentName = environment };

    private static HttpRequest Request(string path)
    {
        var http = new DefaultHttpContext { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider() };
        (http.Request.Method, http.Request.Path) = (HttpMethods.Get, path);
        http.Response.Body = new MemoryStream();
        return http.Request;
    }

    private static async Task<string> BodyAsync(HttpRequest request, IResult result)
    {
        await result.ExecuteAsync(request.HttpContext);
        request.HttpContext.Response.Body.Position = 0;
        using var reader = new StreamReader(request.HttpContext.Response.Body);
        return await reader.ReadToEndAsync();
    }
}
