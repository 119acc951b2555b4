using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>What the provider really received, and what the caller sees.</summary>
[Collection(RunsHost.Name)]
public sealed class RedactionTests(ContractFixture app)
{
    private const string Email = "jane.doe@example.com";
    private const string Card = "4111 1111 1111 1111";
    private static readonly string[] Fallbacks = ["openai:second"];
    private static readonly (string, string) Wait = ("Prefer", "wait=60");

    [Fact]
    public async Task Mask_keeps_findings_from_the_provider_and_leaves_the_answer_as_it_is()
    {
        var (agent, from) = await PutAgentAsync("mask");
        app.Model.RespondWith(request => ModelReply.Text($"You wrote: {request.LastUserText}"));

        using var response = await app.Http.PostRunAsync(agent, new { input = $"I am {Email}, card {Card}." }, Wait);
        var run = await response.ReadAsync();

        Assert.Equal("You wrote: I am [EMAIL_REDACTED], card [CARD_REDACTED].", run.Text("output"));
        AssertNothingReached(from);
    }

    [Fact]
    public async Task Restore_sends_placeholders_and_answers_with_originals()
    {
        var (agent, from) = await PutAgentAsync("restore");
        app.Model.RespondWith(request => ModelReply.Text($"{request.LastUserText} [EMAIL_9]"));

        using var response = await app.Http.PostRunAsync(agent, new { input = $"From {Email} to {Email} with {Card}, literally [CARD_1]." }, Wait);
        var run = await response.ReadAsync();

        Assert.Equal($"From {Email} to {Email} with {Card}, literally [CARD_1]. [EMAIL_9]", run.Text("output"));
        Assert.Equal("From [EMAIL_1] to [EMAIL_1] with [CARD_2], literally [CARD_1].", app.Model.Requests[from].LastUserText);
        AssertNothingReached(from);
    }

    [Theory]
    [InlineData("restore", "jane.doe@example.com", "[EMAIL_1]")]
    [InlineData("mask", "[EMAIL_REDACTED]", "[EMAIL_REDACTED]")]
    public async Task Tool_is_called_with_what_the_mode_says_and_its_result_is_kept_from_the_provider(string mode, string posted, string sent)
    {
        var (agent, from) = await PutAgentAsync(mode, "http_post", "http_get");
        var before = app.Effects.Requests.Count;
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("http_post", JsonSerializer.Serialize(new { url = $"{app.Effects.Address}mail", body = $"to={request.LastUserText}" })))
            : ModelReply.Text($"Done for {request.LastUserText}."));

        using var response = await app.Http.PostRunAsync(agent, new { input = Email }, Wait);
        var run = await response.ReadAsync();
        using var timeline = await app.Http.GetAsync(new Uri($"/api/runs/{run.Text("id")}/steps", UriKind.Relative));
        var call = (await timeline.ReadAsync()).GetProperty("items").EnumerateArray().Single(step => step.Text("kind") == "tool");

        Assert.Equal($"to={posted}", app.Effects.Requests[before].Body);
        Assert.Equal($"to={posted}", call.GetProperty("arguments").Text("body"));
        Assert.Equal($"Done for {posted}.", run.Text("output"));
        Assert.Contains($"to={sent}", app.Model.Requests[from + 1].Json, StringComparison.Ordinal);
        AssertNothingReached(from);
    }

    [Theory]
    [InlineData("restore", "It says jane.doe@example.com")]
    [InlineData("mask", "It says [EMAIL_REDACTED]")]
    [InlineData("block", "It says [EMAIL_REDACTED]")]
    public async Task Tool_result_is_redacted_for_the_provider_and_kept_whole_for_the_caller(string mode, string output)
    {
        var (agent, from) = await PutAgentAsync(mode, "http_get");
        app.Effects.RespondWith(request => request.Path == "/contact" ? new EffectReply(Email) : new EffectReply());
        app.Model.RespondWith(request => request.ToolResults is [.., var result]
            ? ModelReply.Text($"It says {result[result.IndexOf('[', StringComparison.Ordinal)..]}")
            : ModelReply.ToolCalls(("http_get", $$"""{"url":"{{app.Effects.Address}}contact"}""")));

        using var response = await app.Http.PostRunAsync(agent, new { input = "Read it." }, Wait);
        var run = await response.ReadAsync();
        using var timeline = await app.Http.GetAsync(new Uri($"/api/runs/{run.Text("id")}/steps", UriKind.Relative));
        var call = (await timeline.ReadAsync()).GetProperty("items").EnumerateArray().Single(step => step.Text("kind") == "tool");

        Assert.StartsWith(output, run.Text("output"), StringComparison.Ordinal);
        Assert.Contains(Email, call.Text("result"), StringComparison.Ordinal);
        AssertNothingReached(from);
    }

    [Fact]
    public async Task Block_refuses_the_run_names_the_kinds_and_stores_nothing()
    {
        var (agent, from) = await PutAgentAsync("block");

        using var response = await app.Http.PostRunAsync(agent, new { input = $"I am {Email}, card {Card}." }, Wait);
        var problem = await response.ReadAsync();
        using var list = await app.Http.GetAsync(new Uri($"/api/runs?agent={agent}", UriKind.Relative));

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (response.StatusCode, problem.Text("code")));
        var message = problem.GetProperty("errors").GetProperty("input")[0].GetString()!;
        Assert.Contains("CARD, EMAIL", message, StringComparison.Ordinal);
        Assert.DoesNotContain("jane", problem.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain(Card[..9], problem.GetRawText(), StringComparison.Ordinal);
        Assert.Empty((await list.ReadAsync()).GetProperty("items").EnumerateArray());
        Assert.Equal(from, app.Model.Requests.Count);
    }

    [Fact]
    public async Task Block_looks_at_every_message_and_lets_clean_input_pass()
    {
        var (agent, _) = await PutAgentAsync("block");
        app.Model.RespondWith(_ => ModelReply.Text("Fine."));
        object messages = new[] { new { role = "user", content = Email }, new { role = "assistant", content = "Yes?" }, new { role = "user", content = "Bye" } };

        using var refused = await app.Http.PostRunAsync(agent, new { input = messages }, Wait);
        using var accepted = await app.Http.PostRunAsync(agent, new { input = "Bye" }, Wait);

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal("Fine.", (await accepted.ReadAsync()).Text("output"));
    }

    [Fact]
    public async Task Fallback_gets_no_more_than_the_model_before_it()
    {
        var from = app.Model.Requests.Count;
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", fallbacks = Fallbacks, redaction = "restore" });
        app.Model.RespondWith(request => request.Model == "second" ? ModelReply.Text(request.LastUserText) : ModelReply.Status(401));

        using var response = await app.Http.PostRunAsync(agent, new { input = Email }, Wait);

        Assert.Equal(Email, (await response.ReadAsync()).Text("output"));
        Assert.Equal("scripted, second", string.Join(", ", app.Model.Requests.Skip(from).Select(request => request.Model)));
        AssertNothingReached(from);
    }

    private async Task<(string Agent, int FirstRequest)> PutAgentAsync(string redaction, params string[] tools) =>
        (await app.PutAgentAsync(new { model = "openai:scripted", tools, redaction }), app.Model.Requests.Count);

    private void AssertNothingReached(int firstRequest)
    {
        var requests = app.Model.Requests.Skip(firstRequest).ToList();
        Assert.NotEmpty(requests);
        Assert.All(requests, request =>
        {
            Assert.DoesNotContain("jane.doe", request.Json, StringComparison.Ordinal);
            Assert.DoesNotContain("4111 1111", request.Json, StringComparison.Ordinal);
        });
    }
}
