using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Tests.Tools.Egress;

public sealed class GuardedHttpTests
{
    /// <summary>After this long a signal that has not come is a failure and not a slow machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task The_answer_of_an_allowed_host_arrives()
    {
        await using var server = await LocalServer.StartAsync(async context =>
        {
            context.Response.StatusCode = 418;
            context.Response.ContentType = "Text/Plain; charset=\"utf-8\"";
            await context.Response.WriteAsync("short and stout");
        });
        using var http = Http(server, "127.0.0.1");

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
        using var http = Http(server, "127.0.0.1");
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
        using var http = Http(server, "127.0.0.1");

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
        using var http = Http(server, "127.0.0.1");

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
        using var http = Http(server, "127.0.0.1", "other.example");

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
        using var http = Http(server, "127.0.0.1");

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

    [Theory]
    [InlineData(0, false)]
    [InlineData(GuardedHttp.MaxBodyBytes, false)]
    [InlineData(GuardedHttp.MaxBodyBytes + 1, true)]
    public async Task A_body_is_read_up_to_the_limit(int length, bool isTruncated)
    {
        await using var server = await LocalServer.StartAsync(
            context => context.Response.Body.WriteAsync(new byte[length]).AsTask());
        using var http = Http(server, "127.0.0.1");

        var response = await GetAsync(http, server.Url("/"));

        Assert.Equal(
            (Math.Min(length, GuardedHttp.MaxBodyBytes), isTruncated), (response.Body.Length, response.IsTruncated));
    }

    [Theory]
    [InlineData("endless body", "")]
    [InlineData("endless gzip bomb", "gzip")]
    [InlineData("endless brotli bomb", "br")]
    public async Task An_endless_body_is_cut_off_and_the_connection_closed(string attack, string encoding)
    {
        var aborted = new TaskCompletionSource();
        await using var server = await LocalServer.StartAsync(async context =>
        {
            context.RequestAborted.Register(aborted.SetResult);
            context.Response.Headers.ContentEncoding = encoding;
            await using var body = encoding switch
            {
                "gzip" => new GZipStream(context.Response.Body, CompressionLevel.Fastest),
                "br" => new BrotliStream(context.Response.Body, CompressionLevel.Fastest),
                _ => context.Response.Body,
            };
            var zeros = new byte[1024 * 1024];
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await body.WriteAsync(zeros, context.RequestAborted);
            }
        });
        using var http = Http(server, "127.0.0.1");

        var response = await GetAsync(http, server.Url("/"));

        Assert.Equal(
            (attack, GuardedHttp.MaxBodyBytes, true), (attack, response.Body.Length, response.IsTruncated));
        await aborted.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_declared_gigabyte_is_not_read()
    {
        await using var server = await LocalServer.StartAsync(async context =>
        {
            context.Response.ContentLength = 1 << 30;
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(new byte[64 * 1024], context.RequestAborted);
            }
        });
        using var http = Http(server, "127.0.0.1");

        var response = await GetAsync(http, server.Url("/"));

        Assert.Equal((1L << 30, true), (response.DeclaredLength, response.IsTruncated));
    }

    [Theory]
    [InlineData("silent before the head", false)]
    [InlineData("silent in the body", true)]
    public async Task A_slow_answer_ends_after_ten_seconds(string attack, bool sendsHead)
    {
        var isAsked = new TaskCompletionSource();
        await using var server = await LocalServer.StartAsync(async context =>
        {
            if (sendsHead)
            {
                await context.Response.WriteAsync("so far");
                await context.Response.Body.FlushAsync();
            }

            isAsked.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var http = Http(server, "127.0.0.1");

        var answer = GetAsync(http, server.Url("/"));
        await isAsked.Task.WaitAsync(Patience);
        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(answer.IsCompleted, attack);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        var refused = await Assert.ThrowsAsync<EgressException>(() => answer);
        Assert.Equal(
            (EgressRefusal.TimedOut, "There was no complete answer within 10 seconds."), (refused.Refusal, refused.Message));
    }

    [Fact]
    public async Task Cancelling_is_a_cancellation_and_no_timeout()
    {
        var isAsked = new TaskCompletionSource();
        await using var server = await LocalServer.StartAsync(context =>
        {
            isAsked.SetResult();
            return Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var http = Http(server, "127.0.0.1");
        using var source = new CancellationTokenSource();

        var answer = http.SendAsync(new GuardedRequest(HttpMethod.Get, server.Url("/")), source.Token);
        await isAsked.Task.WaitAsync(Patience);
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
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
        using var http = Http(resolver, true, $"rebind.example:{server.Port}");

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
        using var http = Http(new ScriptedResolver(["127.0.0.2", "127.0.0.1"]), true, $"two.example:{server.Port}");

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
        using var http = Http(new ScriptedResolver(), false, $"127.0.0.1:{server.Port}");

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
        using var http = Http(server, "127.0.0.1");

        var refused = await Assert.ThrowsAsync<EgressException>(() => GetAsync(http, $"https://127.0.0.1:{server.Port}/"));

        Assert.Equal(
            (EgressRefusal.Unreachable, "The server's certificate is not valid, or it speaks no TLS."),
            (refused.Refusal, refused.Message));
    }

    public static TheoryData<string, RequestDelegate> Broken => new()
    {
        { "closes without an answer", context =>
            {
                context.Abort();
                return Task.CompletedTask;
            }
        },
        { "closes in the body", async context =>
            {
                context.Response.ContentLength = 100;
                await context.Response.WriteAsync("begun");
                await context.Response.Body.FlushAsync();
                context.Abort();
            }
        },
        { "100 KiB of headers", context =>
            {
                context.Response.Headers["X-Large"] = new string('a', 100 * 1024);
                return Task.CompletedTask;
            }
        },
        { "gzip that is none", context =>
            {
                context.Response.Headers.ContentEncoding = "gzip";
                return context.Response.WriteAsync("not gzip");
            }
        },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task A_broken_answer_is_unreachable(string defect, RequestDelegate answer)
    {
        await using var server = await LocalServer.StartAsync(answer);
        using var http = Http(server, "127.0.0.1");

        var refused = await Assert.ThrowsAsync<EgressException>(() => GetAsync(http, server.Url("/")));

        Assert.Equal(
            (defect, EgressRefusal.Unreachable, "The server broke off, or its answer is not valid HTTP."),
            (defect, refused.Refusal, refused.Message));
    }

    [Fact]
    public async Task A_port_that_nobody_listens_on_is_unreachable()
    {
        var server = await LocalServer.StartAsync(_ => Task.CompletedTask);
        var url = server.Url("/");
        using var http = Http(server, "127.0.0.1");
        await server.DisposeAsync();

        var refused = await Assert.ThrowsAsync<EgressException>(() => GetAsync(http, url));

        Assert.Equal(
            (EgressRefusal.Unreachable, "127.0.0.1 does not accept a connection."), (refused.Refusal, refused.Message));
    }

    private static Task<GuardedResponse> GetAsync(GuardedHttp http, string url) =>
        http.SendAsync(new GuardedRequest(HttpMethod.Get, url), CancellationToken.None);

    private static string Text(GuardedResponse response) => Encoding.UTF8.GetString(response.Body.Span);

    private GuardedHttp Http(LocalServer server, params string[] hosts) =>
        Http(new ScriptedResolver(["127.0.0.1"]), true, [.. hosts.Select(host => $"{host}:{server.Port}")]);

    private GuardedHttp Http(ScriptedResolver resolver, bool allowPrivateNetworks, params string[] allowed) => new(
        new EgressGuard(allowed.Select(AllowedHost.Parse), "Tools__Http__AllowedHosts", allowPrivateNetworks, resolver),
        _time,
        NullLogger<GuardedHttp>.Instance);
}
