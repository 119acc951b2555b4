using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Yggdrasil.Fixtures;
using Yggdrasil.Fixtures.OpenApi;

namespace Yggdrasil.Contract.Tests;

/// <summary>Messages to the channels of the settings when a call waits for a person.</summary>
[Collection(RunsHost.Name)]
public sealed class ApprovalNoticeTests(ContractFixture app)
{
    private const string Secret = "what the tool is to post";

    private static readonly string[] Post = ["http_post"];

    [Fact]
    public async Task Webhook_gets_a_signed_message_as_the_contract_has_it()
    {
        var run = await WaitingAsync("hook");

        var message = await MessageAsync("hook", run);
        var body = JsonSerializer.Deserialize<JsonElement>(message.Body);
        var (id, pending) = (run.Text("id"), run.GetProperty("pendingApprovals")[0]);

        Assert.Equal("approval.required", body.Text("type"));
        var data = body.GetProperty("data");
        Assert.Equal(
            (id, "t1c0", "http_post", "alice", pending.GetProperty("expiresAt").GetDateTimeOffset(), $"https://agents.example.com/console/#/runs/{id}"),
            (data.Text("runId"), data.Text("callId"), data.Text("tool"), data.Text("userId"), data.GetProperty("expiresAt").GetDateTimeOffset(), data.Text("url")));
        var schemas = PublishedContract.Instance.Schemas;
        Assert.Empty(schemas.Check(schemas.Find("ApprovalRequiredMessage")!, JsonNode.Parse(message.Body)!));
        Assert.Equal(Sign(message), message.Headers["webhook-signature"]);
    }

    [Fact]
    public async Task Slack_gets_a_text_with_a_link()
    {
        var run = await WaitingAsync("slack");

        var body = JsonSerializer.Deserialize<JsonElement>((await MessageAsync("slack", run)).Body);

        Assert.Equal(["text"], body.EnumerateObject().Select(member => member.Name));
        Assert.Matches(
            $"^\\*Approval needed\\.\\* Agent `a[0-9a-f]+` wants to call `http_post` in run `{run.Text("id")}`, until .* UTC\\. <https://agents\\.example\\.com/console/#/runs/{run.Text("id")}\\|Decide in the console>$",
            body.Text("text"));
    }

    [Fact]
    public async Task Teams_gets_an_adaptive_card_with_a_link()
    {
        var run = await WaitingAsync("teams");

        var body = JsonSerializer.Deserialize<JsonElement>((await MessageAsync("teams", run)).Body);

        var card = Assert.Single(body.GetProperty("attachments").EnumerateArray());
        Assert.Equal(("message", "application/vnd.microsoft.card.adaptive"), (body.Text("type"), card.Text("contentType")));
        Assert.Equal(("AdaptiveCard", "1.4"), (card.GetProperty("content").Text("type"), card.GetProperty("content").Text("version")));
        Assert.Equal($"https://agents.example.com/console/#/runs/{run.Text("id")}", card.GetProperty("content").GetProperty("actions")[0].Text("url"));
        Assert.Contains("http_post", card.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hook")]
    [InlineData("slack")]
    [InlineData("teams")]
    public async Task No_message_holds_what_the_call_is_about(string channel)
    {
        var message = await MessageAsync(channel, await WaitingAsync(channel));

        Assert.DoesNotContain(Secret, message.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("argumentsHash", message.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_call_is_told_once_and_an_agent_without_a_channel_tells_nobody()
    {
        var told = await WaitingAsync("hook", calls: 3);
        var quiet = await WaitingAsync(channel: null);
        await Poll.UntilAsync(() => About(told).Count == 3);
        using var denied = await DecideAsync(told);
        using var cancelled = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{told.Text("id")}/cancel", "");
        await app.Http.EndOfRunAsync(told.Text("id"));

        Assert.Equal(HttpStatusCode.Accepted, denied.StatusCode);
        Assert.Equal(["t1c0", "t1c1", "t1c2"], About(told).Select(message => JsonSerializer.Deserialize<JsonElement>(message.Body).GetProperty("data").Text("callId")).Order());
        Assert.Empty(About(quiet));
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("")]
    [InlineData("https://hooks.example.com/")]
    public async Task Channel_that_is_not_set_up_is_400_and_the_others_are_named(string channel)
    {
        using var response = await app.Http.SendJsonAsync(
            HttpMethod.Put, $"/api/agents/a{Guid.NewGuid():N}", JsonSerializer.Serialize(new { model = "openai:scripted", notify = channel }));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(
            "There is no such channel. Channels: hook, slack, teams.", (await response.ReadAsync()).GetProperty("errors").GetProperty("notify")[0].GetString());
    }

    private static string Sign(EffectRequest message)
    {
        var key = Convert.FromBase64String(ContractFixture.ChannelSecret["whsec_".Length..]);
        var signed = Encoding.UTF8.GetBytes($"{message.Headers["webhook-id"]}.{message.Headers["webhook-timestamp"]}.{message.Body}");
        return $"v1,{Convert.ToBase64String(HMACSHA256.HashData(key, signed))}";
    }

    private List<EffectRequest> About(JsonElement run) =>
        [.. app.Effects.Requests.Where(request => request.Path.StartsWith("/channels/", StringComparison.Ordinal) && request.Body.Contains(run.Text("id"), StringComparison.Ordinal))];

    private async Task<EffectRequest> MessageAsync(string channel, JsonElement run)
    {
        await Poll.UntilAsync(() => About(run).Count > 0);
        var message = Assert.Single(About(run));
        Assert.Equal(("POST", $"/channels/{channel}", "application/json"), (message.Method, message.Path, message.Headers["Content-Type"]));
        return message;
    }

    private Task<HttpResponseMessage> DecideAsync(JsonElement run)
    {
        var hash = run.GetProperty("pendingApprovals")[0].Text("argumentsHash");
        return app.Http.SendJsonAsync(
            HttpMethod.Post, $"/api/runs/{run.Text("id")}/approvals/t1c0", JsonSerializer.Serialize(new { decision = "deny", argumentsHash = hash }));
    }

    private async Task<JsonElement> WaitingAsync(string? channel, int calls = 1)
    {
        var call = ("http_post", JsonSerializer.Serialize(new { url = new Uri(app.Effects.Address, "/posted"), body = Secret }));
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls([.. Enumerable.Repeat(call, calls)])
            : ModelReply.Text("Done."));
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", tools = Post, approvals = Post, notify = channel });
        using var accepted = await app.Http.PostRunAsync(agent, new { input = "Post it" });
        return await app.Http.RunUntilAsync((await accepted.ReadAsync()).Text("id"), run => run.Text("status") == "waiting");
    }
}
