using System.Net;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Runs that are started and read by one request.</summary>
[Collection(SharedLocalHost.Name)]
public class StartStreamTests(ContractFixture app)
{
    private const string Answer = "One two three four five six seven eight.";

    [Fact]
    public async Task Events_of_the_answer_are_those_of_the_run_from_the_first_delta_on()
    {
        var gate = new Gate();
        app.Model.Enqueue(ModelReply.Text(Answer) with { MidStreamGate = gate });
        using var live = await EventClient.StartAsync(app.Http, await app.PutAgentAsync(), """{"input":"Go"}""");
        var seen = await live.ReadUntilAsync(item => item.Type == "model.delta");
        gate.Open();
        seen.AddRange(await live.ReadToEndAsync());

        var id = seen[0].Data.Text("id");
        Assert.Equal($"/api/runs/{id}", live.Response.Headers.Location?.OriginalString);
        Assert.True(live.Response.Headers.Contains("RateLimit-Remaining"));
        Assert.Equal(Answer, string.Concat(seen.Where(item => item.Type == "model.delta").Select(item => item.Data.Text("text"))));
        Assert.Equal((await EventClient.ReadAllAsync(app.Http, id)).Select(item => item.Text), seen.Where(item => item.IsLasting).Select(item => item.Text));
        Assert.Equal("run.completed", seen[^1].Type);
        foreach (var item in seen.SkipLast(1))
        {
            Assert.Equal("run.completed", (await EventClient.ReadAllAsync(app.Http, id, item.Id))[^1].Type);
        }
    }

    [Fact]
    public async Task Reader_that_leaves_does_not_stop_the_run_and_finds_the_rest()
    {
        var gate = new Gate();
        app.Model.Enqueue(ModelReply.Text(Answer) with { MidStreamGate = gate });
        List<ServerEvent> seen;
        using (var live = await EventClient.StartAsync(app.Http, await app.PutAgentAsync(), """{"input":"Go"}"""))
        {
            seen = await live.ReadUntilAsync(item => item.Type == "model.delta");
        }

        gate.Open();
        var id = seen[0].Data.Text("id");
        var run = await app.Http.EndOfRunAsync(id);
        seen.AddRange(await EventClient.ReadAllAsync(app.Http, id, seen[^1].Id));

        Assert.Equal(("completed", Answer), (run.Text("status"), run.Text("output")));
        Assert.Equal(1, run.GetProperty("usage").GetProperty("modelCalls").GetInt32());
        Assert.Equal(["run.started", "model.completed", "run.completed"], seen.Where(item => item.IsLasting).Select(item => item.Type));
    }

    [Fact]
    public async Task Repeat_with_the_same_key_reads_the_same_run_from_its_beginning()
    {
        app.Model.Enqueue(ModelReply.Text(Answer));
        var (agent, key) = (await app.PutAgentAsync(), $"stream-{Guid.NewGuid():N}");
        using var first = await EventClient.StartAsync(app.Http, agent, """{"input":"Go"}""", key);
        var seen = await first.ReadToEndAsync();

        using var second = await EventClient.StartAsync(app.Http, agent, """{"input":"Go"}""", key);

        Assert.Equal(seen.Where(item => item.IsLasting).Select(item => item.Text), (await second.ReadToEndAsync()).Select(item => item.Text));
    }

    [Fact]
    public async Task Text_is_left_out_where_the_request_says_so()
    {
        app.Model.Enqueue(ModelReply.Text(Answer));
        using var live = await EventClient.StartAsync(app.Http, await app.PutAgentAsync(), """{"input":"Go","stream":false}""");

        Assert.Equal(["run.started", "model.completed", "run.completed"], (await live.ReadToEndAsync()).Select(item => item.Type));
    }

    [Theory]
    [InlineData("""{"input":5}""", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("""{"input":"Go","stream":"yes"}""", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("not json", HttpStatusCode.BadRequest, "invalid_request")]
    public async Task What_is_refused_is_refused_as_json_before_anything_is_started(string body, HttpStatusCode status, string code)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/agents/{await app.PutAgentAsync()}/runs") { Content = new StringContent(body) };
        request.Headers.Add("Accept", "text/event-stream");
        using var response = await app.Http.SendAsync(request);

        Assert.Equal((status, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.Equal(code, (await response.ReadAsync()).Text("code"));
    }

    [Fact]
    public async Task Agent_that_is_not_there_is_404_as_json()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/agents/nobody/runs") { Content = new StringContent("""{"input":"Go"}""") };
        request.Headers.Add("Accept", "text/event-stream");
        using var response = await app.Http.SendAsync(request);

        Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task Run_that_stands_behind_another_of_its_conversation_is_read_until_its_own_end()
    {
        var (gate, agent, talk) = (new Gate(), await app.PutAgentAsync(), $"t{Guid.NewGuid():N}");
        app.Model.Enqueue(ModelReply.Hang(gate, ModelReply.Text("First.")), ModelReply.Text("Second."));
        using var first = await EventClient.StartAsync(app.Http, agent, $$"""{"input":"1","conversationId":"{{talk}}"}""");
        await gate.Reached;

        using var second = await EventClient.StartAsync(app.Http, agent, $$"""{"input":"2","conversationId":"{{talk}}","onConflict":"enqueue"}""");
        gate.Open();

        Assert.Equal("First.", (await first.ReadToEndAsync())[^1].Data.Text("output"));
        Assert.Equal("Second.", (await second.ReadToEndAsync())[^1].Data.Text("output"));
    }
}
