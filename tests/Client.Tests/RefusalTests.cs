using System.Net;
using Yggdrasil.Contract.Tests;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Client.Tests;

/// <summary>Requests that the app refuses, and callers that go away.</summary>
[Collection(SharedHost.Name)]
public sealed class RefusalTests(ClientHost host) : IDisposable
{
    private readonly YggdrasilClient _client = host.NewClient();

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData("ygk_0123456789abcdef_nobody-has-made-this-key")]
    [InlineData("nonsense")]
    public async Task Wrong_key_is_unauthenticated_at_once_everywhere(string key)
    {
        using var client = host.NewClient(key);

        var refused = new[]
        {
            await Assert.ThrowsAsync<YggdrasilException>(() => client.Runs.RunAsync("assistant", "Go")),
            await Assert.ThrowsAsync<YggdrasilException>(() => client.Runs.WaitAsync("run_1")),
            await Assert.ThrowsAsync<YggdrasilException>(async () => await client.Agents.ListAsync().ToListAsync()),
            await Assert.ThrowsAsync<YggdrasilException>(async () => await client.Runs.StreamAsync("assistant", new StartRun { Input = "Go" }).ToListAsync()),
        };

        Assert.All(refused, problem => Assert.Equal((HttpStatusCode.Unauthorized, ProblemCode.Unauthenticated, false), (problem.Status, problem.Code, problem.IsTransient)));
        Assert.All(refused, problem => Assert.DoesNotContain(key, problem.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Wrong_fields_are_named()
    {
        var refused = await Assert.ThrowsAsync<YggdrasilException>(
            () => _client.Runs.StartAsync("assistant", new StartRun { Input = "Go", MaxTurns = 0, Temperature = 7 }));

        Assert.Equal(ProblemCode.InvalidRequest, refused.Code);
        Assert.Equal(["maxTurns", "temperature"], refused.Errors.Keys.Order());
        Assert.NotEmpty(refused.TraceId!);
    }

    [Fact]
    public async Task Rate_limit_says_how_long_to_wait()
    {
        var user = $"u{Guid.NewGuid():N}";
        using var limits = await host.Process.Http.SendJsonAsync(
            HttpMethod.Put, $"/api/users/{user}/limits", """{"requestsPerMinute":1}""", ("Authorization", "Bearer dev:root:admin"));
        host.Model.RespondWith(_ => ModelReply.Text("Done."));
        using var client = new YggdrasilClient(
            new YggdrasilClientOptions { Address = host.Address, ApiKey = $"dev:{user}", MaxRetryAfter = TimeSpan.Zero });

        await client.Runs.RunAsync("assistant", "One");
        var refused = await Assert.ThrowsAsync<YggdrasilException>(() => client.Runs.RunAsync("assistant", "Two"));

        Assert.Equal((HttpStatusCode.TooManyRequests, ProblemCode.RateLimited, true), (refused.Status, refused.Code, refused.IsTransient));
        Assert.InRange(refused.RetryAfter!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Cancelled_reader_leaves_the_run_as_it_is()
    {
        var gate = new Gate();
        host.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Still there.")));
        var agent = await host.PutAgentAsync();
        using var gone = new CancellationTokenSource();
        string? id = null;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var item in _client.Runs.StreamAsync(agent, new StartRun { Input = "Go" }).WithCancellation(gone.Token))
            {
                id = (item as RunStartedEvent)?.RunId ?? id;
                await gone.CancelAsync();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _client.Runs.WaitAsync(id!, gone.Token));
        gate.Open();

        Assert.Equal("Still there.", (await _client.Runs.WaitAsync(id!)).Output);
    }

    [Fact]
    public async Task Server_that_is_not_there_is_given_up()
    {
        using var client = new YggdrasilClient(
            new YggdrasilClientOptions { Address = new Uri($"http://127.0.0.1:{LoopbackPorts.Unused()}"), MaxRetryAttempts = 1 });

        await Assert.ThrowsAsync<HttpRequestException>(() => client.Runs.RunAsync("assistant", "Go"));
        await Assert.ThrowsAsync<HttpRequestException>(async () => await client.Runs.StreamAsync("run_1").ToListAsync());
    }
}
