using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Yggdrasil.Tools.Egress;
using static Yggdrasil.Tests.Tools.Egress.GuardedClient;

namespace Yggdrasil.Tests.Tools.Egress;

public sealed class GuardedHttpTests
{
    [Fact]
    public async Task The_answer_of_an_allowed_host_arrives()
    {
        await using var server = await LocalServer.StartAsync(async context =>
        {
            context.Response.StatusCode = 418;
            context.Response.ContentType = "Text/Plain; charset=\"utf-8\"";
            await context.Response.WriteAsync("short and stout");
        });
        using var http = Http(server);

        var response = await GetAsync(http, server.Url("/pot"));

        Assert.Equal(
            (418, "text/plain", "utf-8", "short and stout", false),
            ((int)response.Status, response.MediaType, response.Charset, Text(response), response.IsTruncated));
    }

    [Fact]
    public async Task The_request_says_what_was_asked_and_nothing_about_us()
    {
        IHeaderDictionary headers = new HeaderDictionary();
        var seen = string.Empty;
        await using var server = await LocalServer.StartAsync(async context =>
        {
            headers = new HeaderDictionary(context.Request.Headers.ToDictionary());
            using var reader = new StreamReader(context.Request.Body);
            seen = $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {await reader.ReadToEndAsync()}";
        });
        using var http = Http(server);
        using var activity = new System.Diagnostics.Activity("run").Start();

        await http.SendAsync(
            new GuardedRequest(HttpMethod.Post, server.Url("/a?b=c#d"))
            {
                Body = "hello"u8.ToArray(),
                ContentType = "text/plain",
                Headers = new Dictionary<string, string> { ["Idempotency-Key"] = "run_1:t0c0" },
            },
            CancellationToken.None);

        Assert.Equal("POST /a?b=c hello", seen);
        Assert.Equal("run_1:t0c0", headers["Idempotency-Key"]);
        Assert.Equal("text/plain", headers.ContentType);
        Assert.Equal(
            ["Accept", "Accept-Encoding", "Content-Length", "Content-Type", "Host", "Idempotency-Key", "User-Agent"],
            headers.Keys.Order());
    }

    [Fact]
    public async Task Cookies_of_one_answer_are_not_sent_with_the_next_request()
    {
        var cookies = new List<string>();
        await using var server = await LocalServer.StartAsync(context =>
        {
            cookies.Add(context.Request.Headers.Cookie.ToString());
            context.Response.Cookies.Append("session", "secret");
            return Task.CompletedTask;
        });
        using var http = Http(server);

        await GetAsync(http, server.Url("/"));
        await GetAsync(http, server.Url("/"));

        Assert.Equal(["", ""], cookies);
    }

    [Theory]
    [InlineData(301, "GET", "")]
    [InlineData(302, "GET", "")]
    [InlineData(303, "GET", "")]
    [InlineData(307, "POST", "body")]
    [InlineData(308, "POST", "body")]
    public async Task A_redirect_within_the_origin_is_followed(int status, string method, string body)
    {
        await using var server = await LocalServer.StartAsync(async context =>
        {
            if (context.Request.Path == "/old")
            {
                context.Response.StatusCode = status;
                context.Response.Headers.Location = "new?x=1";
                return;
            }

            using var reader = new StreamReader(context.Request.Body);
            await context.Response.WriteAsync(
                $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {await reader.ReadToEndAsync()}");
        });
        using var http = Http(server);

        var response = await http.SendAsync(
            new GuardedRequest(HttpMethod.Post, server.Url("/old")) { Body = "body"u8.ToArray() }, CancellationToken.None);

        Assert.Equal($"{method} /new?x=1 {body}", Text(response));
    }

    [Theory]
    [InlineData("metadata", "http://169.254.169.254/latest/meta-data/")]
    [InlineData("loopback by name", "http://localhost:{port}/secret")]
    [InlineData("other port of the same host", "http://127.0.0.1:1/")]
    [InlineData("other scheme", "https://127.0.0.1:{port}/")]
    [InlineData("other host on the list", "http://other.example:{port}/secret")]
    [InlineData("other host relative to the scheme", "//evil.com/")]
    [InlineData("file", "file:///etc/passwd")]
    [InlineData("credentials", "http://user:secret@127.0.0.1:{port}/secret")]
    [InlineData("no location", "")]
    [InlineData("not a URL", "http://[")]
    public async Task A_redirect_to_anywhere_else_is_refused(string attack, string location)
    {
        var isReached = false;
        await using var server = await LocalServer.StartAsync(context =>
        {
            isReached |= context.Request.Path == "/secret";
            context.Response.StatusCode = 302;
            context.Response.Headers.Location =
                location.Replace("{port}", $"{context.Connection.LocalPort}", StringComparison.Ordinal);
            return Task.CompletedTask;
        });
        using var http = Http(server, TimeProvider.System, "127.0.0.1", "other.example");

        var refused = await Assert.ThrowsAsync<EgressException>(() => GetAsync(http, server.Url("/")));

        Assert.True(refused.Refusal is EgressRefusal.RedirectRefused or EgressRefusal.InvalidUrl, attack);
        Assert.False(isReached, attack);
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public async Task Three_redirects_are_followed_and_not_four(int redirects, bool arrives)
    {
        await using var server = await LocalServer.StartAsync(async context =>
        {
            var step = int.Parse(context.Request.Path.Value![1..], null);
            if (step < redirects)
            {
                context.Response.Redirect($"/{step + 1}");
                return;
            }

            await context.Response.WriteAsync("arrived");
        });
        using var http = Http(server);

        if (arrives)
        {
            Assert.Equal("arrived", Text(await GetAsync(http, server.Url("/0"))));
        }
        else
        {
            var refused = await Assert.ThrowsAsync<EgressException>(() => GetAsync(http, server.Url("/0")));
            Assert.Equal("The server redirects more than 3 times.", refused.Message);
        }
    }

    [Fact]
    public async Task The_connection_goes_to_the_address_that_was_checked_and_each_connection_is_checked()
    {
        var hosts = new List<string>();
        await using var server = await LocalServer.StartAsync(context =>
        {
            hosts.Add(context.Request.Host.Host);
            context.Response.Headers.Connection = "close";
            return Task.CompletedTask;
        });
        var resolver = new ScriptedResolver(["127.0.0.1"], ["169.254.169.254"]);
        using var http = Http(resolver, true, TimeProvider.System, $"rebind.example:{server.Port}");

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, $"http://rebind.example:{server.Port}/")).Status);
        Assert.Equal(["rebind.example"], resolver.LookUps);

        var refused = await Assert.ThrowsAsync<EgressException>(
            () => GetAsync(http, $"http://rebind.example:{server.Port}/"));
        Assert.Equal(EgressRefusal.AddressNotAllowed, refused.Refusal);
        Assert.Equal(["rebind.example", "rebind.example"], resolver.LookUps);
        Assert.Equal(["rebind.example"], hosts);
    }

    [Fact]
    public async Task A_second_address_is_tried_when_the_first_does_not_answer()
    {
        await using var server = await LocalServer.StartAsync(context => context.Response.WriteAsync("here"));
        using var http = Http(new ScriptedResolver(["127.0.0.2", "127.0.0.1"]), true, TimeProvider.System, $"two.example:{server.Port}");

        Assert.Equal("here", Text(await GetAsync(http, $"http://two.example:{server.Port}/")));
    }

    [Fact]
    public async Task A_server_on_this_machine_is_refused_unless_private_networks_are_allowed()
    {
        var isReached = false;
        await using var server = await LocalServer.StartAsync(context =>
        {
            isReached = true;
            return Task.CompletedTask;
        });
        using var http = Http(new ScriptedResolver(), false, TimeProvider.System, $"127.0.0.1:{server.Port}");

        var refused = await Assert.ThrowsAsync<EgressException>(() => GetAsync(http, server.Url("/")));

        Assert.Equal(EgressRefusal.AddressNotAllowed, refused.Refusal);
        Assert.False(isReached);
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_is_refused()
    {
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await using var server = await LocalServer.StartAsync(
            context => context.Response.WriteAsync("secret"), listen => listen.UseHttps(certificate));
        using var http = Http(server);

        var refused = await Assert.ThrowsAsync<EgressException>(() => GetAsync(http, $"https://127.0.0.1:{server.Port}/"));

        Assert.Equal(
            (EgressRefusal.Unreachable, "The server's certificate is not valid, or it speaks no TLS."),
            (refused.Refusal, refused.Message));
    }
}
