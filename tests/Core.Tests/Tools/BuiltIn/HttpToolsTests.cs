using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Yggdrasil.Tests.Tools.Egress;
using Yggdrasil.Tools;
using Yggdrasil.Tools.BuiltIn;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Tests.Tools.BuiltIn;

public sealed class HttpToolsTests
{
    private static ToolHost Host(LocalServer server) => new(services => services
        .AddSingleton<IHostEnvironment>(new HostingEnvironment { EnvironmentName = Environments.Development })
        .AddBuiltInTools(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Tools:Http:AllowedHosts:0"] = $"127.0.0.1:{server.Port}",
            ["Tools:Http:AllowPrivateNetworks"] = "true",
        }).Build()));

    [Fact]
    public async Task The_built_in_tools_are_these_and_only_posting_is_not_idempotent()
    {
        await using var server = await LocalServer.StartAsync(_ => Task.CompletedTask);
        using var host = Host(server);

        Assert.Equal(
            ["calculator True", "clock True", "http_get True", "http_post False"],
            host.Catalog.All.Select(tool => $"{tool.Name} {tool.Idempotent}"));
        Assert.Equal(
            """{"type":"object","properties":{"url":{"description":"Absolute http or https URL","type":"string"},"body":{"description":"What to send; JSON is sent as application/json, anything else as text/plain","type":"string"}},"required":["url","body"],"additionalProperties":false}""",
            host.Tool("http_post").Declaration.JsonSchema.GetRawText());
    }

    [Theory]
    [InlineData(200, "text/plain", "hello", "HTTP 200 OK\nhello")]
    [InlineData(404, "application/json; charset=utf-8", "{\"error\":\"none\"}", "HTTP 404 Not Found\n{\"error\":\"none\"}")]
    [InlineData(503, "application/problem+json", "{}", "HTTP 503 Service Unavailable\n{}")]
    [InlineData(200, "text/html", "", "HTTP 200 OK\n[no body]")]
    [InlineData(299, "application/atom+xml", "<a/>", "HTTP 299\n<a/>")]
    [InlineData(200, "image/png", "12345", "HTTP 200 OK\n[The body is image/png, 5 bytes; only text is shown.]")]
    [InlineData(200, "application/octet-stream", "12345", "HTTP 200 OK\n[The body is application/octet-stream, 5 bytes; only text is shown.]")]
    [InlineData(200, null, "12345", "HTTP 200 OK\n[The body is of no declared type, 5 bytes; only text is shown.]")]
    [InlineData(200, "text/plain; charset=nonsense", "hello", "HTTP 200 OK\nhello")]
    [InlineData(200, "text/plain; charset=utf-7", "hello", "HTTP 200 OK\nhello")]
    public async Task Get_answers_status_and_text(int status, string? type, string body, string expected)
    {
        await using var server = await LocalServer.StartAsync(async context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = type;
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body));
        });
        using var host = Host(server);

        Assert.Equal(expected, await GetAsync(host, server));
    }

    [Theory]
    [InlineData("utf-8", "blåbær")]
    [InlineData("iso-8859-1", "blåbær")]
    [InlineData("utf-16", "blåbær")]
    public async Task Get_decodes_the_declared_charset(string charset, string text)
    {
        await using var server = await LocalServer.StartAsync(async context =>
        {
            context.Response.ContentType = $"text/plain; charset={charset}";
            var encoding = Encoding.GetEncoding(charset);
            await context.Response.Body.WriteAsync((byte[])[.. encoding.GetPreamble(), .. encoding.GetBytes(text)]);
        });
        using var host = Host(server);

        Assert.Equal($"HTTP 200 OK\n{text}", await GetAsync(host, server));
    }

    [Fact]
    public async Task Get_says_when_the_text_was_cut_off_and_never_shows_half_a_character()
    {
        await using var server = await LocalServer.StartAsync(async context =>
        {
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync("a" + new string('ø', GuardedHttp.MaxBodyBytes));
        });
        using var host = Host(server);

        var answer = await GetAsync(host, server);

        Assert.Equal(
            "HTTP 200 OK\na" + new string('ø', (GuardedHttp.MaxBodyBytes / 2) - 1)
            + "\n[Cut off: only the first 256 KiB were read.]",
            answer);
    }

    [Theory]
    [InlineData(false, "more than 256 KiB")]
    [InlineData(true, "1,000,000 bytes")]
    public async Task Get_names_the_size_of_a_large_binary(bool isDeclared, string size)
    {
        await using var server = await LocalServer.StartAsync(async context =>
        {
            context.Response.ContentType = "video/mp4";
            context.Response.ContentLength = isDeclared ? 1_000_000 : null;
            await context.Response.Body.WriteAsync(new byte[1_000_000]);
        });
        using var host = Host(server);

        Assert.Equal($"HTTP 200 OK\n[The body is video/mp4, {size}; only text is shown.]", await GetAsync(host, server));
    }

    [Theory]
    [InlineData("""{ \"a\": 1 }""", "application/json; charset=utf-8")]
    [InlineData("5", "application/json; charset=utf-8")]
    [InlineData("hello", "text/plain; charset=utf-8")]
    [InlineData("{} trailing", "text/plain; charset=utf-8")]
    [InlineData("", "text/plain; charset=utf-8")]
    public async Task Post_sends_the_body_with_its_type_and_the_idempotency_key(string body, string type)
    {
        await using var server = await LocalServer.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync(string.Join(
                '|', context.Request.Method, await reader.ReadToEndAsync(), context.Request.ContentType,
                context.Request.Headers["Idempotency-Key"]));
        });
        using var host = Host(server);

        var answer = await host.CallAsync("http_post", $$"""{"url":"{{server.Url("/")}}","body":"{{body}}"}""");

        Assert.Equal($"HTTP 200 OK\nPOST|{body.Replace("\\\"", "\"", StringComparison.Ordinal)}|{type}|run_1:t3c0", answer);
    }

    [Fact]
    public async Task A_refusal_is_told_to_the_model_with_the_setting_that_would_allow_it()
    {
        await using var server = await LocalServer.StartAsync(_ => Task.CompletedTask);
        using var host = Host(server);

        var get = await Assert.ThrowsAsync<ToolException>(
            () => host.CallAsync("http_get", """{"url":"https://evil.com/"}"""));
        var post = await Assert.ThrowsAsync<ToolException>(
            () => host.CallAsync("http_post", """{"url":"https://evil.com/","body":""}"""));

        Assert.Equal("Host not allowed: evil.com. Ask the operator to add it to Tools__Http__AllowedHosts.", get.Message);
        Assert.Equal(get.Message, post.Message);
    }

    [Fact]
    public async Task A_post_without_an_answer_says_that_it_may_have_taken_effect()
    {
        await using var server = await LocalServer.StartAsync(context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        using var host = Host(server);

        var failure = await Assert.ThrowsAsync<ToolException>(
            () => host.CallAsync("http_post", $$"""{"url":"{{server.Url("/")}}","body":"x"}"""));

        Assert.Equal(
            "The server broke off, or its answer is not valid HTTP. It is not known whether the request took effect.",
            failure.Message);
    }

    private static Task<string> GetAsync(ToolHost host, LocalServer server) =>
        host.CallAsync("http_get", $$"""{"url":"{{server.Url("/")}}"}""");
}
