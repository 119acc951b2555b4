using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Tools.Egress;
using static Yggdrasil.Tests.Tools.Egress.GuardedClient;

namespace Yggdrasil.Tests.Tools.Egress;

public sealed class GuardedHttpLimitsTests
{
    /// <summary>After this long a signal that has not come is a failure and not a slow machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(0, false)]
    [InlineData(GuardedHttp.MaxBodyBytes, false)]
    [InlineData(GuardedHttp.MaxBodyBytes + 1, true)]
    public async Task A_body_is_read_up_to_the_limit(int length, bool isTruncated)
    {
        await using var server = await LocalServer.StartAsync(
            context => context.Response.Body.WriteAsync(new byte[length]).AsTask());
        using var http = Http(server, _time);

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
        using var http = Http(server, _time);

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
        using var http = Http(server, _time);

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
        using var http = Http(server, _time);

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
        using var http = Http(server, _time);
        using var source = new CancellationTokenSource();

        var answer = http.SendAsync(new GuardedRequest(HttpMethod.Get, server.Url("/")), source.Token);
        await isAsked.Task.WaitAsync(Patience);
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
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
        using var http = Http(server, _time);

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
        using var http = Http(server, _time);
        await server.DisposeAsync();

        var refused = await Assert.ThrowsAsync<EgressException>(() => GetAsync(http, url));

        Assert.Equal(
            (EgressRefusal.Unreachable, "127.0.0.1 does not accept a connection."), (refused.Refusal, refused.Message));
    }
}
