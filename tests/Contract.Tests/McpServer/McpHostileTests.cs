using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests.McpServer;

/// <summary>What a hostile page, client or user sends to the MCP server.</summary>
[Collection(SharedLocalHost.Name)]
public sealed class McpHostileTests(ContractFixture app)
{
    private const string List = """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""";

    public static TheoryData<string, string, int> Bodies => new()
    {
        { "a batch", $"[{List},{List}]", 400 },
        { "an empty batch", "[]", 400 },
        { "no JSON", "{", 400 },
        { "nothing", "", 400 },
        { "no message", "{}", 400 },
        { "a number", "7", 400 },
        { "null", "null", 400 },
        { "a name given twice", """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"assistant","name":"other","arguments":{"input":"Hi"}}}""", 400 },
        { "deep", $$"""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{string.Concat(Enumerable.Repeat("{\"a\":", 40))}}1{{new string('}', 40)}}}""", 400 },
        { "an id that is null", """{"jsonrpc":"2.0","id":null,"method":"tools/list"}""", 400 },
        { "a version of JSON-RPC that is not", """{"jsonrpc":"1.0","id":1,"method":"tools/list"}""", 400 },
    };

    public static TheoryData<string, int, string> Messages => new()
    {
        { "nothing/at/all", -32601, "{}" },
        { "prompts/list", -32601, "{}" },
        { "tools/list", -32602, """{"cursor":"%%%"}""" },
        { "tools/list", -32602, """{"cursor":"Li4v"}""" },
        { "tasks/get", -32602, """{"taskId":"../run_x"}""" },
        { "tasks/get", -32602, """{"taskId":""}""" },
        { "tasks/update", -32602, """{"taskId":"run_0123456789abcdefghjkmnpqrs","inputResponses":[]}""" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Body_that_is_no_single_message_is_refused(string what, string body, int status)
    {
        using var response = await app.Http.PostMcpAsync(body);

        Assert.True(status == (int)response.StatusCode, $"{what}: {response.StatusCode}");
        Assert.DoesNotContain(" at ModelContextProtocol", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public async Task Message_that_names_what_there_is_not_is_an_error_of_the_protocol(string method, int code, string parameters)
    {
        var answer = await app.Http.FromMcpAsync(method, (JsonObject)JsonNode.Parse(parameters)!, tasks: true);

        Assert.Equal(code, answer.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(7, answer.GetProperty("id").GetInt32());
    }

    [Fact]
    public async Task Body_of_10_MB_is_refused_and_the_next_is_served()
    {
        using var large = await app.Http.PostMcpAsync($$$"""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"{{{new string('a', 10_000_000)}}}"}}""");
        using var next = await app.Http.PostMcpAsync(List);

        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "payload_too_large"), (large.StatusCode, (await large.ReadAsync()).Text("code")));
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    public async Task Body_that_a_form_could_send_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = new StringContent(List, Encoding.UTF8, "text/plain") };
        using var response = await app.Http.SendAsync(request);

        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "unsupported_media_type"), (response.StatusCode, (await response.ReadAsync()).Text("code")));
    }

    [Fact]
    public async Task Encoding_in_which_a_body_would_say_something_else_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp")
        {
            Content = new StringContent(List, Encoding.Unicode, "application/json"),
            Headers = { { "Accept", "application/json, text/event-stream" } },
        };
        using var response = await app.Http.SendAsync(request);

        Assert.Equal((HttpStatusCode.BadRequest, -32600), (response.StatusCode, (await response.ReadAsync()).GetProperty("error").GetProperty("code").GetInt32()));
    }

    [Theory]
    [InlineData("1999-01-01")]
    [InlineData("2026-07-29")]
    [InlineData("draft")]
    public async Task Revision_that_is_not_known_is_refused_with_those_that_are(string version)
    {
        using var response = await app.Http.PostMcpAsync(List, ("MCP-Protocol-Version", version));
        var error = (await response.ReadAsync()).GetProperty("error");

        Assert.Equal((HttpStatusCode.BadRequest, -32022), (response.StatusCode, error.GetProperty("code").GetInt32()));
        Assert.Contains(McpMessages.Current, error.GetProperty("data").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Header_that_says_otherwise_than_the_message_is_refused()
    {
        using var request = McpMessages.CurrentRequest("tools/list", null, tasks: false, asks: false, ("Mcp-Method", "tools/call"));
        using var response = await app.Http.SendAsync(request);

        Assert.Equal((HttpStatusCode.BadRequest, -32020), (response.StatusCode, (await response.ReadAsync()).GetProperty("error").GetProperty("code").GetInt32()));
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("http://localhost.evil.example")]
    [InlineData("null")]
    [InlineData("file://")]
    [InlineData("not an origin")]
    public async Task Page_of_another_origin_is_refused_also_with_a_token(string origin)
    {
        using var response = await app.Http.PostMcpAsync(List, ("Origin", origin), app.As("alice"));

        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), (response.StatusCode, (await response.ReadAsync()).Text("code")));
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("127.0.0.1.evil.example")]
    public async Task Name_that_was_rebound_to_this_machine_is_refused(string host)
    {
        using var alone = await app.Http.PostMcpAsync(List, ("Host", host));
        using var page = await app.Http.PostMcpAsync(List, ("Host", host), ("Origin", $"http://{host}"));

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden), (alone.StatusCode, page.StatusCode));
    }

    [Fact]
    public async Task Page_of_this_machine_is_let_in_in_development()
    {
        using var response = await app.Http.PostMcpAsync(List, ("Origin", "http://localhost:6274"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("evil.example/path")]
    [InlineData("evil.example\"")]
    [InlineData("a b")]
    public async Task Host_that_is_no_host_is_not_repeated(string host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/.well-known/oauth-protected-resource/mcp");
        request.Headers.TryAddWithoutValidation("X-Forwarded-Host", host);
        using var response = await app.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("tasks/get")]
    [InlineData("tasks/update")]
    [InlineData("tasks/cancel")]
    public async Task Run_of_another_is_no_task(string method)
    {
        var agent = await app.PutAgentAsync();
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Done.")));
        using var started = await app.Http.PostRunAsync(agent, new { input = "Hi" });
        var id = (await started.ReadAsync()).Text("id");
        await gate.Reached;
        var mallory = app.As($"mallory{Guid.NewGuid():N}");

        var attacked = await AttackAsync(id);
        var guessed = await AttackAsync("run_01hzzzzzzzzzzzzzzzzzzzzzzz");
        gate.Open();

        Assert.Equal("There is no such task.", attacked.GetProperty("error").Text("message"));
        Assert.Equal(guessed.GetRawText(), attacked.GetRawText());
        Assert.Equal("completed", (await app.Http.EndOfRunAsync(id)).Text("status"));

        Task<System.Text.Json.JsonElement> AttackAsync(string taskId) => app.Http.FromMcpAsync(
            method, new JsonObject { ["taskId"] = taskId, ["inputResponses"] = new JsonObject() }, tasks: true, headers: mallory);
    }
}
