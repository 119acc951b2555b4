using System.Diagnostics;
using System.Net;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Storage that is away, or that does not answer: callers are told so, in time, by every route.</summary>
public sealed class StorageOutageTests
{
    /// <summary>Far below the 100 s that one attempt of Azure's clients takes by default, far above what is promised.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(45);

    private static readonly (string Method, string Path, string Body)[] Routes =
    [
        ("GET", "/api/runs", ""),
        ("GET", "/api/runs/run_unknown", ""),
        ("GET", "/api/runs/run_unknown/steps", ""),
        ("POST", "/api/runs/run_unknown/cancel", ""),
        ("DELETE", "/api/runs/run_unknown", ""),
        ("POST", "/api/agents/none/runs", """{ "input": "Hello" }"""),
        ("POST", "/api/agents/none/invoke", """{ "input": "Hello" }"""),
        ("GET", "/api/agents", ""),
        ("PUT", "/api/agents/one", """{ "model": "openai:scripted" }"""),
        ("GET", "/api/conversations", ""),
        ("DELETE", "/api/conversations/one", ""),
        ("POST", "/api/batches", """{ "agent": "none", "items": [{ "id": "1", "input": "x" }] }"""),
        ("GET", "/api/approvals", ""),
        ("GET", "/api/schedules", ""),
        ("GET", "/api/usage", ""),
    ];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_route_says_that_storage_is_unavailable_and_goes_on_when_it_is_back(bool silent)
    {
        await using var app = await StorageOutageFixture.StartAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Done."));
        var agent = await app.PutAgentAsync();
        using (var warm = await app.Http.GetAsync(new Uri("/api/runs", UriKind.Relative)))
        {
            warm.EnsureSuccessStatusCode();
        }

        if (silent)
        {
            app.Tables.FallSilent();
        }
        else
        {
            app.Tables.Refuse();
        }

        await Task.WhenAll(Routes.Append(("POST", $"/api/agents/{agent}/runs", """{ "input": "Hello" }""")).Select(route => AssertUnavailableAsync(app, route)));
        foreach (var probe in (string[])["/ready", "/health"])
        {
            var asked = Stopwatch.GetTimestamp();
            using var answer = await app.Http.GetAsync(new Uri(probe, UriKind.Relative));
            Assert.Equal((probe, HttpStatusCode.ServiceUnavailable), (probe, answer.StatusCode));
            Assert.InRange(Stopwatch.GetElapsedTime(asked), TimeSpan.Zero, Bound);
        }

        app.Tables.Recover();
        using var started = await app.Http.PostRunAsync(agent, new { input = "Hello" });
        Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
        Assert.Equal("completed", (await app.Http.EndOfRunAsync((await started.ReadAsync()).Text("id"))).Text("status"));
        using var health = await app.Http.GetAsync(new Uri("/ready", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.DoesNotContain("Function StartRun failed", app.Output, StringComparison.Ordinal);
    }

    private static async Task AssertUnavailableAsync(StorageOutageFixture app, (string Method, string Path, string Body) route)
    {
        var asked = Stopwatch.GetTimestamp();
        using var answer = await app.Http.SendJsonAsync(new HttpMethod(route.Method), route.Path, route.Body);
        var elapsed = Stopwatch.GetElapsedTime(asked);
        var problem = await answer.Content.ReadAsStringAsync();

        Assert.Equal($"{route.Method} {route.Path}: 503", $"{route.Method} {route.Path}: {(int)answer.StatusCode}");
        Assert.Contains("\"storage_unavailable\"", problem, StringComparison.Ordinal);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.InRange(elapsed, TimeSpan.Zero, Bound);
    }
}
