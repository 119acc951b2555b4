using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

[Collection(RunsHost.Name)]
public class StructuredOutputContractTests(ContractFixture app)
{
    private const string Schema = """{"type":"object","required":["total"],"properties":{"total":{"type":"integer"}},"additionalProperties":false}""";

    private static readonly string[] Calculator = ["calculator"];
    private static readonly (string, string) Wait = ("Prefer", "wait=60");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Answer_that_fits_is_in_the_run_as_JSON(bool inline)
    {
        app.Model.RespondWith(_ => ModelReply.Text("""{"total":391}"""));

        var (run, _) = await RunAsync(await PutAgentAsync(), inline);

        Assert.Equal(("completed", """{"total":391}"""), (run.Text("status"), run.Text("output")));
        Assert.Equal("""{"total":391}""", run.GetProperty("structuredOutput").GetRawText());
        var format = app.Model.Requests[^1].Body.GetProperty("response_format");
        Assert.Equal("json_schema", format.Text("type"));
        Assert.Equal("integer", format.GetProperty("json_schema").GetProperty("schema").GetProperty("properties").GetProperty("total").Text("type"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Answer_that_does_not_fit_is_mended_once_and_the_steps_say_so(bool inline)
    {
        app.Model.RespondWith(request => request.Messages.Count == 1 ? ModelReply.Text("It is 391.") : ModelReply.Text("""{"total":391}"""));

        var (run, steps) = await RunAsync(await PutAgentAsync(), inline);

        Assert.Equal((391, 2), (run.GetProperty("structuredOutput").GetProperty("total").GetInt32(), run.GetProperty("turns").GetInt32()));
        if (!inline)
        {
            Assert.Equal(["model", "repair", "model"], steps.Select(step => step.Text("kind")));
            Assert.Contains("is not JSON", steps[1].Text("result"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Answer_that_cannot_be_mended_fails_the_run_with_the_errors(bool inline)
    {
        app.Model.RespondWith(_ => ModelReply.Text("""{"sum":391}"""));
        var calls = app.Model.Requests.Count;

        var (run, _) = await RunAsync(await PutAgentAsync(), inline);

        Assert.Equal(("failed", "provider_error", """{"sum":391}"""), (run.Text("status"), run.Text("stopReason"), run.Text("output")));
        Assert.Equal("invalid_output", run.GetProperty("error").Text("code"));
        Assert.Contains("'sum' is not in the schema.", run.GetProperty("error").Text("message"), StringComparison.Ordinal);
        Assert.False(run.TryGetProperty("structuredOutput", out _));
        Assert.Equal(2, app.Model.Requests.Count - calls);
    }

    [Fact]
    public async Task Answer_that_does_not_fit_is_never_in_the_cache()
    {
        var agent = await PutAgentAsync(new { ttlSeconds = 300 });
        app.Model.RespondWith(request => request.Messages.Count == 1 ? ModelReply.Text("no JSON") : ModelReply.Text("""{"total":1}"""));

        await RunAsync(agent, inline: true);
        app.Model.RespondWith(_ => ModelReply.Text("""{"total":2}"""));
        var (second, _) = await RunAsync(agent, inline: true);
        var calls = app.Model.Requests.Count;
        var (third, _) = await RunAsync(agent, inline: true);

        Assert.Equal((2, 1), (second.GetProperty("structuredOutput").GetProperty("total").GetInt32(), second.GetProperty("turns").GetInt32()));
        Assert.Equal((2, 0), (third.GetProperty("structuredOutput").GetProperty("total").GetInt32(), app.Model.Requests.Count - calls));
    }

    [Fact]
    public async Task Demo_model_answers_in_the_form_of_the_schema()
    {
        var agent = await app.PutAgentAsync(new { model = "demo:assistant", tools = Calculator, responseSchema = JsonElement.Parse(Schema) });

        var (run, _) = await RunAsync(agent, inline: true, "What is 17*23?");

        Assert.Equal(391, run.GetProperty("structuredOutput").GetProperty("total").GetInt32());
    }

    private Task<string> PutAgentAsync(object? cache = null) =>
        app.PutAgentAsync(new { model = "openai:scripted", responseSchema = JsonElement.Parse(Schema), cache });

    private async Task<(JsonElement Run, IReadOnlyList<JsonElement> Steps)> RunAsync(string agent, bool inline, string input = "How much?")
    {
        using var response = inline ? await app.Http.InvokeAsync(agent, new { input }) : await app.Http.PostRunAsync(agent, new { input }, Wait);
        var run = await response.ReadAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        if (inline)
        {
            return (run, []);
        }

        using var steps = await app.Http.GetAsync(new Uri($"/api/runs/{run.Text("id")}/steps", UriKind.Relative));
        return (run, [.. (await steps.ReadAsync()).GetProperty("items").EnumerateArray().Where(step => step.Text("kind") != "input")]);
    }
}
