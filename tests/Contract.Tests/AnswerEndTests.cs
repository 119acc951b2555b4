using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>How an answer ended is on step, run and event, and a cut-off answer or a refusal is no whole one.</summary>
[Collection(RunsHost.Name)]
public sealed class AnswerEndTests(ContractFixture app)
{
    private const string Schema = """{"type":"object","required":["total"],"properties":{"total":{"type":"integer"}}}""";

    private static readonly string[] Post = ["http_post"];

    public static TheoryData<bool> Streams => new(true, false);

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Whole_answer_ends_by_stop_and_one_with_calls_by_tool_calls(bool stream)
    {
        var calculator = await app.PutAgentAsync();
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}""")) with { FinishReason = "stop" }
            : ModelReply.Text("391."));

        var (run, steps, events) = await RunAsync(calculator, stream);

        Assert.Equal(("completed", "completed", "stop"), (run.Text("status"), run.Text("stopReason"), run.Text("finishReason")));
        Assert.Equal(["tool_calls", "stop"], steps.Where(step => step.Text("kind") == "model").Select(step => step.Text("finishReason")));
        Assert.Equal(["tool_calls", "stop"], events.Where(item => item.Type == "model.completed").Select(item => item.Data.Text("finishReason")));
        Assert.Equal("stop", events[^1].Data.Text("finishReason"));
        Assert.All(steps.Where(step => step.Text("kind") == "model"), step => Assert.Equal(("openai:scripted", "scripted"), (step.Text("servedBy"), step.Text("responseModel"))));
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Cut_off_answer_is_the_output_and_the_run_says_so(bool stream)
    {
        app.Model.RespondWith(_ => ModelReply.Text("""{"total":""") with { FinishReason = "length" });
        var calls = app.Model.Requests.Count;

        var (run, steps, events) = await RunAsync(await PutWithSchemaAsync(), stream);

        Assert.Equal(("completed", "max_output_tokens", "length"), (run.Text("status"), run.Text("stopReason"), run.Text("finishReason")));
        Assert.Equal("""{"total":""", run.Text("output"));
        Assert.False(run.TryGetProperty("structuredOutput", out _));
        Assert.Equal("length", Assert.Single(steps).Text("finishReason"));
        Assert.Equal("run.completed", events[^1].Type);
        Assert.Equal(calls + 1, app.Model.Requests.Count);
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Answer_that_was_cut_off_before_it_said_anything_is_asked_for_once_more_and_then_fails_by_name(bool stream)
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("") with { FinishReason = "length", ReasoningTokens = 7 });

        var (run, steps, _) = await RunAsync(agent, stream);
        app.Model.Enqueue(ModelReply.Text("") with { FinishReason = "length" }).RespondWith(_ => ModelReply.Text("391."));
        var (second, _, _) = await RunAsync(agent, stream);

        Assert.Equal(("failed", "provider_error", "max_output_tokens"), (run.Text("status"), run.Text("stopReason"), run.GetProperty("error").Text("code")));
        Assert.Equal(["failed", "failed"], steps.Select(step => step.Text("status")));
        Assert.Equal(36, run.GetProperty("usage").GetProperty("totalTokens").GetInt32());
        Assert.Equal(("completed", "completed", "391."), (second.Text("status"), second.Text("stopReason"), second.Text("output")));
    }

    [Theory]
    [InlineData(true, "")]
    [InlineData(false, "")]
    [InlineData(true, " \n")]
    [InlineData(false, " \n")]
    public async Task Answer_that_is_only_thought_is_asked_for_once_more_and_then_fails_by_name(bool stream, string text)
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text(text) with { Reasoning = "The answer is 391." });

        var (run, steps, events) = await RunAsync(agent, stream);
        app.Model.Enqueue(ModelReply.Text(text) with { Reasoning = "hm" }).RespondWith(_ => ModelReply.Text("391."));
        var (second, _, _) = await RunAsync(agent, stream);

        Assert.Equal(("failed", "provider_error", "empty_answer"), (run.Text("status"), run.Text("stopReason"), run.GetProperty("error").Text("code")));
        Assert.Equal([("failed", "stop"), ("failed", "stop")], steps.Select(step => (step.Text("status"), step.Text("finishReason"))));
        Assert.DoesNotContain("The answer is", run.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("run.failed", events[^1].Type);
        Assert.Equal(("completed", "391."), (second.Text("status"), second.Text("output")));
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Calls_of_an_answer_that_was_cut_off_are_not_made(bool stream)
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", tools = Post });
        var path = $"/cut-{Guid.NewGuid():N}";
        var arguments = JsonSerializer.Serialize(new { url = $"{app.Effects.Address}{path[1..]}", body = "ten thou" });
        app.Model.RespondWith(_ => ModelReply.ToolCalls(("http_post", arguments)) with { Content = "I post it.", FinishReason = "length" });

        var (run, steps, _) = await RunAsync(agent, stream);

        Assert.Equal(("completed", "max_output_tokens", "I post it."), (run.Text("status"), run.Text("stopReason"), run.Text("output")));
        Assert.Equal("model", Assert.Single(steps).Text("kind"));
        Assert.Equal(0, app.Effects.Count("POST", path));
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Refusal_is_an_outcome_of_its_own_whose_words_are_the_output_and_no_repair_is_paid_for(bool stream)
    {
        app.Model.RespondWith(_ => ModelReply.Refuses("I can't help with that."));
        var calls = app.Model.Requests.Count;

        var (run, steps, events) = await RunAsync(await PutWithSchemaAsync(), stream);

        Assert.Equal(("failed", "refused", "refusal"), (run.Text("status"), run.Text("stopReason"), run.Text("finishReason")));
        Assert.Equal(("I can't help with that.", "refused"), (run.Text("output"), run.GetProperty("error").Text("code")));
        Assert.Equal(("refusal", "I can't help with that."), (Assert.Single(steps).Text("finishReason"), steps[0].Text("result")));
        Assert.Equal(calls + 1, app.Model.Requests.Count);
        if (stream)
        {
            Assert.Equal("I can't help with that.", events.First(item => item.Type == "model.completed").Data.Text("text"));
        }
    }

    [Fact]
    public async Task Conversation_goes_on_after_a_refusal_and_after_a_cut_off_answer()
    {
        var agent = await app.PutAgentAsync();
        var conversation = $"c{Guid.NewGuid():N}";
        app.Model.Enqueue(ModelReply.Refuses("I can't."), ModelReply.Text("Half an ") with { FinishReason = "length" })
            .RespondWith(request => ModelReply.Text(string.Join('|', request.Messages.Select(message => $"{message.Role}:{message.Content}"))));

        await RunAsync(agent, stream: false, conversation);
        await RunAsync(agent, stream: false, conversation);
        var (run, _, _) = await RunAsync(agent, stream: false, conversation);

        Assert.Equal("user:Go|assistant:I can't.|user:Go|assistant:Half an |user:Go", run.Text("output"));
    }

    private Task<string> PutWithSchemaAsync() =>
        app.PutAgentAsync(new { model = "openai:scripted", responseSchema = JsonSerializer.Deserialize<JsonElement>(Schema) });

    private async Task<(JsonElement Run, List<JsonElement> Steps, List<ServerEvent> Events)> RunAsync(string agent, bool stream, string? conversationId = null)
    {
        using var started = await app.Http.PostRunAsync(
            agent, conversationId is null ? new { input = "Go", stream } : (object)new { input = "Go", stream, conversationId });
        var id = (await started.ReadAsync()).Text("id");
        var events = await EventClient.ReadAllAsync(app.Http, id);
        var run = await app.Http.EndOfRunAsync(id);
        using var timeline = await app.Http.GetAsync(new Uri($"/api/runs/{id}/steps", UriKind.Relative));
        return (run, [.. (await timeline.ReadAsync()).GetProperty("items").EnumerateArray().Where(step => step.Text("kind") != "input")], events);
    }
}
