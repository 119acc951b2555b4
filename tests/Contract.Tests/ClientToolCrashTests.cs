using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>A run that waits for its caller survives <c>kill -9</c>, and so does the answer; nothing that was made is made again.</summary>
public sealed class ClientToolCrashTests : IAsyncLifetime
{
    private static readonly string[] Post = ["http_post"];

    private KillableHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await KillableHost.StartAsync(KillableHost.ShortLease);
        _host.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("ask_user", "{}"), ("http_post", JsonSerializer.Serialize(new { url = new Uri(_host.Effects.Address, "/once"), body = "x" })))
            : ModelReply.Text("Done."));
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Kill_before_or_just_after_the_answer_makes_nothing_again(bool before)
    {
        (await _host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a", JsonSerializer.Serialize(new { model = "openai:scripted", tools = Post }))).Dispose();
        using var started = await _host.Http.SendJsonAsync(HttpMethod.Post, "/api/agents/a/runs", """{"input":"Go.","clientTools":[{"name":"ask_user"}]}""");
        var id = (await started.ReadAsync()).Text("id");
        await _host.Http.RunUntilAsync(id, run => run.Text("status") == "waiting");
        if (before)
        {
            await _host.RestartAsync(KillableHost.ShortLease);
        }

        Assert.Equal(HttpStatusCode.OK, await AnswerAsync(id));
        if (!before)
        {
            await _host.RestartAsync(KillableHost.ShortLease);
            Assert.Equal(HttpStatusCode.OK, await AnswerAsync(id));
        }

        var ended = await _host.Http.EndOfRunAsync(id);
        Assert.Equal(("completed", 2), (ended.Text("status"), ended.GetProperty("usage").GetProperty("toolCalls").GetInt32()));
        Assert.Equal(1, _host.Effects.Count("POST", "/once"));
        Assert.InRange(_host.Model.Requests.Count, 2, before ? 2 : 3);
    }

    private async Task<HttpStatusCode> AnswerAsync(string id)
    {
        using var answered = await _host.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/tool-results/t1c0", """{"result":"blue"}""");
        return answered.StatusCode;
    }
}
