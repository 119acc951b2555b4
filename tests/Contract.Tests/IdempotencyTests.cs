using System.Net;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

[Collection(SharedLocalHost.Name)]
public class IdempotencyTests(ContractFixture app)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Repeat_finds_the_first_run_and_pays_nothing(bool waiting)
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Once."));
        (string, string)[] headers = [("Idempotency-Key", $"key-{Guid.NewGuid():N}"), .. waiting ? [("Prefer", "wait=60")] : Array.Empty<(string, string)>()];

        using var first = await app.Http.PostRunAsync(agent, new { input = "Hello" }, headers);
        var id = (await first.ReadAsync()).Text("id");
        await app.Http.EndOfRunAsync(id);
        var calls = app.Model.Requests.Count;
        using var second = await app.Http.PostRunAsync(agent, new { input = "Hello" }, headers);

        Assert.Equal(waiting ? HttpStatusCode.OK : HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal(id, (await second.ReadAsync()).Text("id"));
        Assert.Equal(calls, app.Model.Requests.Count);
    }

    [Fact]
    public async Task Sixteen_requests_at_once_start_one_run()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Once."));
        var calls = app.Model.Requests.Count;
        var key = ("Idempotency-Key", $"key-{Guid.NewGuid():N}");

        var responses = await Task.WhenAll(Enumerable.Range(0, 16).Select(i =>
            app.Http.PostRunAsync(agent, new { input = "Hello" }, i % 2 == 0 ? [key] : [key, ("Prefer", "wait=60")])));
        var ids = new HashSet<string>();
        foreach (var response in responses)
        {
            Assert.True(response.IsSuccessStatusCode);
            ids.Add((await response.ReadAsync()).Text("id"));
            response.Dispose();
        }

        await app.Http.EndOfRunAsync(Assert.Single(ids));
        Assert.Equal(calls + 1, app.Model.Requests.Count);
    }

    [Fact]
    public async Task Key_with_another_body_or_agent_is_a_mismatch()
    {
        var (agent, other) = (await app.PutAgentAsync(), await app.PutAgentAsync());
        app.Model.RespondWith(_ => ModelReply.Text("Once."));
        var key = ("Idempotency-Key", $"key-{Guid.NewGuid():N}");
        using var first = await app.Http.PostRunAsync(agent, new { input = "Hello" }, key);

        using var otherBody = await app.Http.PostRunAsync(agent, new { input = "Goodbye" }, key);
        using var otherAgent = await app.Http.PostRunAsync(other, new { input = "Hello" }, key);

        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "idempotency_mismatch"), (otherBody.StatusCode, (await otherBody.ReadAsync()).Text("code")));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, otherAgent.StatusCode);
    }

    [Fact]
    public async Task Keys_of_different_users_are_different()
    {
        app.Model.RespondWith(_ => ModelReply.Text("Once."));
        var key = ("Idempotency-Key", $"key-{Guid.NewGuid():N}");
        using var alice = await app.Http.PostRunAsync("assistant", new { input = "Hello" }, key);
        using var bob = await app.Http.PostRunAsync("assistant", new { input = "Other" }, key, app.As("bob"));

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (alice.StatusCode, bob.StatusCode));
        Assert.NotEqual((await alice.ReadAsync()).Text("id"), (await bob.ReadAsync()).Text("id"));
    }
}
