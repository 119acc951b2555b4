using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

[Collection(RunsHost.Name)]
public class ForkContractTests(ContractFixture app)
{
    private static readonly (string, string) Wait = ("Prefer", "wait=60");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fork_goes_on_from_a_turn_and_pays_for_its_own_only(bool waiting)
    {
        var source = await RunAsync();
        var calls = app.Model.Requests.Count;
        app.Model.RespondWith(request => ModelReply.Text($"Told: {request.ToolResults[0]}"));

        using var response = await ForkAsync(source, new { fromTurn = 2 }, waiting ? [Wait] : []);
        var accepted = await response.ReadAsync();
        var fork = await app.Http.EndOfRunAsync(accepted.Text("id"));

        Assert.Equal(waiting ? HttpStatusCode.OK : HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal($"/api/runs/{accepted.Text("id")}", response.Headers.Location?.ToString());
        Assert.Equal(("completed", "Told: 391"), (fork.Text("status"), fork.Text("output")));
        Assert.Equal((source, 2), (fork.GetProperty("forkedFrom").Text("id"), fork.GetProperty("forkedFrom").GetProperty("fromTurn").GetInt32()));
        Assert.Equal((2, 1), (fork.GetProperty("turns").GetInt32(), fork.GetProperty("usage").GetProperty("modelCalls").GetInt32()));
        Assert.Equal(calls + 1, app.Model.Requests.Count);
        Assert.Equal(
            [("input", true), ("model", true), ("tool", true), ("model", false)],
            (await StepsAsync(fork.Text("id"))).Select(step => (step.Text("kind"), step.TryGetProperty("inherited", out var inherited) && inherited.GetBoolean())));
    }

    [Fact]
    public async Task Events_of_a_fork_begin_with_what_it_took_over()
    {
        var source = await RunAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Again."));

        using var response = await ForkAsync(source, new { fromTurn = 2, input = "Once more." }, Wait);
        var events = await EventClient.ReadAllAsync(app.Http, (await response.ReadAsync()).Text("id"));

        Assert.Equal(
            [("run.started", false), ("model.completed", true), ("tool.completed", true), ("model.completed", false), ("run.completed", false)],
            events.Select(item => (item.Type, item.Data.TryGetProperty("inherited", out var inherited) && inherited.GetBoolean())));
    }

    [Fact]
    public async Task Input_follows_the_turns_that_are_kept()
    {
        var source = await RunAsync();
        app.Model.RespondWith(request => ModelReply.Text(request.LastUserText));

        using var response = await ForkAsync(source, new { fromTurn = 3, input = "And by 2?" }, Wait);

        Assert.Equal("And by 2?", (await response.ReadAsync()).Text("output"));
        Assert.Equal(["user", "assistant", "tool", "assistant", "user"], app.Model.Requests[^1].Messages.Select(message => message.Role));
    }

    [Fact]
    public async Task Repeat_with_the_same_key_is_the_same_fork_and_not_a_start_of_the_agent()
    {
        var source = await RunAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Once."));
        var key = ("Idempotency-Key", $"key-{Guid.NewGuid():N}");

        using var first = await ForkAsync(source, new { fromTurn = 1 }, key, Wait);
        using var second = await ForkAsync(source, new { fromTurn = 1 }, key, Wait);
        using var other = await ForkAsync(source, new { fromTurn = 2 }, key, Wait);

        Assert.Equal((await first.ReadAsync()).Text("id"), (await second.ReadAsync()).Text("id"));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.UnprocessableEntity), (second.StatusCode, other.StatusCode));
    }

    [Theory]
    [InlineData("{}", "fromTurn")]
    [InlineData("""{"fromTurn":null}""", "fromTurn")]
    [InlineData("""{"fromTurn":"2"}""", "fromTurn")]
    [InlineData("""{"fromTurn":1.5}""", "fromTurn")]
    [InlineData("""{"fromTurn":0}""", "fromTurn")]
    [InlineData("""{"fromTurn":4}""", "fromTurn")]
    [InlineData("""{"fromTurn":3}""", "input")]
    [InlineData("""{"fromTurn":1,"input":" "}""", "input")]
    [InlineData("""{"fromTurn":1,"input":["x"]}""", "input")]
    [InlineData("""{"fromTurn":1,"input":"\ud800"}""", "input")]
    [InlineData("""{"fromTurn":1,"agent":"x"}""", "agent")]
    [InlineData("[]", "body")]
    public async Task Invalid_body_is_400_and_names_the_field(string body, string field)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{await RunAsync()}/fork", body);
        var problem = await response.ReadAsync();

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (response.StatusCode, problem.Text("code")));
        Assert.Equal([field], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    [Fact]
    public async Task Admin_does_not_fork_for_another_user()
    {
        using var response = await app.Http.SendJsonAsync(
            HttpMethod.Post, $"/api/runs/{await RunAsync()}/fork?userId=alice", """{"fromTurn":1}""", app.As("root", "admin"));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    /// <summary>A turn with a tool, and the answer.</summary>
    private async Task<string> RunAsync()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}"""))
            : ModelReply.Text("It is 391."));
        using var response = await app.Http.PostRunAsync(agent, new { input = "17*23?" }, Wait);
        return (await response.ReadAsync()).Text("id");
    }

    private Task<HttpResponseMessage> ForkAsync(string run, object body, params (string Name, string Value)[] headers) =>
        app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{run}/fork", JsonSerializer.Serialize(body), headers);

    private async Task<IReadOnlyList<JsonElement>> StepsAsync(string run)
    {
        using var response = await app.Http.GetAsync(new Uri($"/api/runs/{run}/steps", UriKind.Relative));
        return [.. (await response.ReadAsync()).GetProperty("items").EnumerateArray()];
    }
}
