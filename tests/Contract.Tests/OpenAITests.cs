using System.Net;
using System.Text.Json.Nodes;
using Yggdrasil.Contract.Tests.OpenApi;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>OpenAI's protocols, over plain HTTP and with OpenAI's own client.</summary>
[Collection(SharedLocalHost.Name)]
public class OpenAITests(ContractFixture app)
{
    private const string Chat = "/v1/chat/completions";
    private const string Responses = "/v1/responses";
    private const string Answer = "It is 391.";

    public static TheoryData<string, string, string> Fields => new()
    {
        // path, further fields, what becomes of it: applied, ignored, or the code and the field of a refusal
        { Chat, "\"temperature\":0.5", "temperature=0.5" },
        { Chat, "\"top_p\":0.5", "top_p=0.5" },
        { Chat, "\"top_p\":2", "- top_p" },
        { Responses, "\"top_p\":0.25", "top_p=0.25" },
        { Chat, "\"max_tokens\":64", "max_completion_tokens=64" },
        { Chat, "\"max_completion_tokens\":65", "max_completion_tokens=65" },
        { Chat, "\"reasoning_effort\":\"low\"", "ok" },
        { Chat, "\"tool_choice\":\"none\"", "tools=" },
        { Chat, "\"tool_choice\":\"auto\"", "ok" },
        { Chat, "\"tool_choice\":\"required\"", "tool_choice=\"required\"" },
        { Chat, "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"nothing\"}}", "- tool_choice" },
        { Chat, "\"tool_choice\":{\"type\":\"allowed_tools\"}", "unsupported_parameter tool_choice" },
        { Chat, "\"tools\":[]", "ok" },
        { Chat, "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]", "ok" },
        { Chat, "\"tools\":[{\"type\":\"custom\"}]", "unsupported_parameter tools[0]" },
        { Chat, "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"calculator\"}}]", "- tools[0].name" },
        { Chat, "\"response_format\":{\"type\":\"text\"}", "ok" },
        { Chat, "\"response_format\":{\"type\":\"json_object\"}", "unsupported_parameter response_format.type" },
        { Chat, "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\"}}", "- response_format" },
        { Chat, "\"temperature\":3", "- temperature" },
        { Chat, "\"stream\":false", "ok" },
        { Chat, "\"metadata\":{\"a\":\"b\"}", "ok" },
        { Chat, "\"user\":\"u\",\"safety_identifier\":\"s\",\"prompt_cache_key\":\"k\",\"seed\":1,\"service_tier\":\"auto\"", "ok" },
        { Chat, "\"n\":1,\"top_p\":1,\"presence_penalty\":0,\"frequency_penalty\":0,\"logprobs\":false,\"top_logprobs\":0,\"stop\":null,\"parallel_tool_calls\":true", "ok" },
        { Chat, "\"n\":2", "unsupported_parameter n" },
        { Chat, "\"logprobs\":true", "unsupported_parameter logprobs" },
        { Chat, "\"modalities\":[\"text\"]", "ok" },
        { Chat, "\"modalities\":[\"audio\"]", "unsupported_parameter modalities" },
        { Chat, "\"audio\":{}", "unsupported_parameter audio" },
        { Chat, "\"functions\":[{}]", "unsupported_parameter functions" },
        { Chat, "\"web_search_options\":{}", "unsupported_parameter web_search_options" },
        { Chat, "\"modle\":1", "unknown_parameter modle" },
        { Responses, "\"instructions\":\"Be brief.\"", "ok" },
        { Responses, "\"temperature\":0.5", "temperature=0.5" },
        { Responses, "\"max_output_tokens\":64", "max_completion_tokens=64" },
        { Responses, "\"max_tool_calls\":3", "ok" },
        { Responses, "\"reasoning\":{\"effort\":\"low\"}", "ok" },
        { Responses, "\"reasoning\":{\"effort\":\"much\"}", "- reasoning.effort" },
        { Responses, "\"text\":{}", "ok" },
        { Responses, "\"text\":{\"format\":{\"type\":\"json_object\"}}", "unsupported_parameter text.format.type" },
        { Responses, "\"include\":[],\"truncation\":\"auto\",\"store\":true,\"metadata\":null,\"user\":\"u\"", "ok" },
        { Responses, "\"store\":false", "ok" },
        { Responses, "\"store\":false,\"background\":true", "- background" },
        { Responses, "\"tools\":[{\"type\":\"mcp\",\"server_label\":\"yggdrasil\"}]", "ok" },
        { Responses, "\"tools\":[{\"type\":\"web_search\"}]", "unsupported_parameter tools[0]" },
        { Responses, "\"prompt\":{\"id\":\"x\"}", "unsupported_parameter prompt" },
        { Responses, "\"conversation\":\"c-none\"", "not_found" },
        { Responses, "\"previous_response_id\":\"resp_none\"", "not_found" },
        { Responses, "\"modle\":1", "unknown_parameter modle" },
    };

    [Theory]
    [InlineData("GET", "", "There is no response \"resp_none\".", HttpStatusCode.NotFound)]
    [InlineData("GET", "?stream=true", "There is no response \"resp_none\".", HttpStatusCode.NotFound)]
    [InlineData("GET", "/input_items", "There is no response \"resp_none\".", HttpStatusCode.NotFound)]
    [InlineData("POST", "/cancel", "There is no response \"resp_none\".", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "", "There is no response \"resp_none\".", HttpStatusCode.NotFound)]
    [InlineData("GET", "?stream=maybe", "Must be true or false.", HttpStatusCode.BadRequest)]
    public async Task Response_that_is_not_there_is_named_as_the_caller_named_it(string verb, string rest, string message, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), new Uri($"/v1/responses/resp_none{rest}", UriKind.Relative));
        using var response = await app.Http.SendAsync(request);

        Assert.Equal(status, response.StatusCode);
        Assert.Contains(message, (await response.ReadAsync()).GetProperty("error").Text("message"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Fields))]
    public async Task Field_is_applied_ignored_or_refused_by_name(string path, string fields, string outcome)
    {
        var agent = await app.PutAgentAsync();
        ModelRequest? asked = null;
        app.Model.RespondWith(request =>
        {
            asked = request;
            return ModelReply.Text(Answer);
        });
        var input = path == Chat ? "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" : "\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"Hi\"}]}]";

        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, path, $$"""{"model":"{{agent}}",{{input}},{{fields}}}""");
        var body = await response.ReadAsync();

        if (outcome == "ok" || outcome.Contains('=', StringComparison.Ordinal))
        {
            Assert.True(response.StatusCode == HttpStatusCode.OK, body.GetRawText());
            Assert.Contains(Answer, body.GetRawText(), StringComparison.Ordinal);
            if (outcome.Split('=') is [var name, var value])
            {
                Assert.Equal(value, name == "tools" ? string.Join(',', asked!.Tools) : asked!.Body.GetProperty(name).GetRawText());
            }

            return;
        }

        var error = body.GetProperty("error");
        Assert.Equal(outcome == "not_found" ? HttpStatusCode.NotFound : HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Null(asked);
        if (outcome.Split(' ') is [var code, var param])
        {
            Assert.Equal((code == "-" ? null : code, param), (error.Text("code"), error.Text("param")));
        }
    }

    [Fact]
    public async Task Instructions_of_the_caller_follow_those_of_the_agent()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", instructions = "You are Ada." });
        ModelRequest? asked = null;
        app.Model.RespondWith(request =>
        {
            asked = request;
            return ModelReply.Text("Yes.");
        });

        using var response = await app.Http.SendJsonAsync(
            HttpMethod.Post, Chat,
            $$"""{"model":"{{agent}}","messages":[{"role":"developer","content":"Be brief."},{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."},{"role":"user","content":"Who?"}]}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["system", "user", "assistant", "user"], asked!.Messages.Select(message => message.Role));
        Assert.StartsWith("You are Ada.", asked.Messages[0].Content, StringComparison.Ordinal);
        Assert.EndsWith("Be brief.", asked.Messages[0].Content, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Schema_of_the_request_holds_the_answer_and_another_than_the_agents_is_refused()
    {
        const string Format = """{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}}""";
        var agent = await app.PutAgentAsync();
        var strict = await app.PutAgentAsync(new { model = "openai:scripted", responseSchema = new { type = "object" } });
        var calls = 0;
        app.Model.RespondWith(_ => ModelReply.Text(Interlocked.Increment(ref calls) == 1 ? "none" : """{"n":391}"""));

        using var corrected = await app.Http.SendJsonAsync(HttpMethod.Post, Chat, Body(agent, $"\"response_format\":{Format}"));
        using var refused = await app.Http.SendJsonAsync(HttpMethod.Post, Chat, Body(strict, $"\"response_format\":{Format}"));

        Assert.Equal("""{"n":391}""", (await corrected.ReadAsync()).GetProperty("choices")[0].GetProperty("message").Text("content"));
        Assert.Equal((HttpStatusCode.BadRequest, "response_format"), (refused.StatusCode, (await refused.ReadAsync()).GetProperty("error").Text("param")));
    }

    [Fact]
    public async Task Idempotency_key_makes_one_run_of_two_requests()
    {
        var agent = await app.PutAgentAsync();
        var calls = 0;
        app.Model.RespondWith(_ => ModelReply.Text($"Call {Interlocked.Increment(ref calls)}."));
        var key = ("Idempotency-Key", Guid.NewGuid().ToString("N"));

        using var first = await app.Http.SendJsonAsync(HttpMethod.Post, Chat, Body(agent), key);
        using var second = await app.Http.SendJsonAsync(HttpMethod.Post, Chat, Body(agent), key);
        using var other = await app.Http.SendJsonAsync(HttpMethod.Post, Chat, Body(agent, "\"seed\":1"), key);

        Assert.Equal((await first.ReadAsync()).GetRawText(), (await second.ReadAsync()).GetRawText());
        Assert.Equal((1, HttpStatusCode.UnprocessableEntity), (calls, other.StatusCode));
    }

    [Theory]
    [InlineData("GET", "/v1/nothing", HttpStatusCode.NotFound)]
    [InlineData("POST", "/v1/embeddings", HttpStatusCode.NotFound)]
    [InlineData("GET", "/v1/chat/completions", HttpStatusCode.MethodNotAllowed)]
    [InlineData("PUT", "/v1/responses/resp_1", HttpStatusCode.MethodNotAllowed)]
    public async Task Unknown_route_and_wrong_verb_are_told_in_openais_form(string verb, string path, HttpStatusCode status)
    {
        using var response = await app.Http.SendJsonAsync(new HttpMethod(verb), path, "");

        Assert.Equal(status, response.StatusCode);
        Assert.Equal(["message", "type", "param", "code"], (await response.ReadAsync()).GetProperty("error").EnumerateObject().Select(field => field.Name));
        Assert.NotEmpty(response.Headers.GetValues("x-request-id").Single());
    }

    [Fact]
    public async Task Failure_that_would_only_be_repeated_is_not_to_be_retried()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Status(400));

        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, Chat, Body(agent));

        Assert.Equal((HttpStatusCode.InternalServerError, "false"), (response.StatusCode, response.Headers.GetValues("x-should-retry").Single()));
        Assert.Equal("provider_rejected", (await response.ReadAsync()).GetProperty("error").Text("code"));
    }

    [Theory]
    [InlineData("models", """{"listed":true,"read":true}""", 0)]
    [InlineData("chat", """{"text":"It is 391.","finish":"stop","usage":36}""", 2)]
    [InlineData("chatStream", """{"deltas":"It is 391.","text":"It is 391.","usage":36}""", 2)]
    [InlineData("response", """{"items":["mcp_call","message"],"text":"It is 391.","again":"It is 391.","status":"completed","call":"391","second":"It is 391.","previous":true,"asked":["And again?"],"gone":404}""", 4)]
    [InlineData("conversations", """{"topics":["sums","other","other"],"of":true,"added":["function_call","function_call_output","user"],"asc":["user","assistant","user","mcp_call","assistant","user","mcp_call","assistant","function_call","function_call_output","user"],"mirrored":true,"read":true,"deleted":true,"gone":404,"unknown":404}""", 4)]
    [InlineData("responseStream", """{"deltas":"It is 391.","text":"It is 391.","grows":true,"resumed":true}""", 2)]
    [InlineData("errors", """["404 model_not_found model","400 unsupported_parameter n","400 unknown_parameter modle","404 response_not_found null","404 not_found null"]""", 0)]
    public async Task Official_client_works(string step, string expected, int modelCalls)
    {
        var agent = await app.PutAgentAsync();
        var calls = 0;
        app.Model.RespondWith(request =>
        {
            Interlocked.Increment(ref calls);
            return request.ToolResults.Count == 0 ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}""")) : ModelReply.Text($"It is {request.ToolResults[0]}.");
        });

        Assert.Equal((expected, modelCalls), (await RunAsync(app.Http, agent, step), calls));
    }

    [Fact]
    public async Task Official_client_cancels_a_response_in_the_background()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Hang());

        Assert.Equal("""{"before":"queued","after":"cancelled"}""", await RunAsync(app.Http, agent, "cancel"));
    }

    [Fact]
    public async Task Official_client_comes_back_to_its_stream_after_a_crash_in_mid_text()
    {
        const string Text = "A long answer that is cut in two by a crash of the host which says it.";
        await using var host = await KillableHost.StartAsync(KillableHost.ShortLease);
        host.Model.RespondWith(_ => ModelReply.Text(Text) with { MidStreamGate = new Gate() });
        await host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a", """{"model":"openai:scripted"}""");
        var left = await RunAsync(host.Http, "a", "leave");
        host.Model.RespondWith(_ => ModelReply.Text(Text));

        await host.RestartAsync(KillableHost.ShortLease);
        var back = JsonNode.Parse(await RunAsync(host.Http, "a", "comeBack", left))!;

        Assert.NotEmpty(JsonNode.Parse(left)!["text"]!.GetValue<string>());
        Assert.Equal(("completed", Text), (back["status"]!.GetValue<string>(), back["text"]!.GetValue<string>()));
    }

    private static string Body(string agent, string? fields = null) =>
        $$"""{"model":"{{agent}}","messages":[{"role":"user","content":"What is 17*23?"}]{{(fields is null ? "" : $",{fields}")}}}""";

    [Fact]
    public async Task Models_are_shown_what_was_added_to_a_conversation_and_nothing_is_added_during_a_run()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted" });
        var (gate, asked) = (new Gate(), "");
        app.Model.RespondWith(request =>
        {
            asked = string.Join(' ', request.Messages.Select(message => $"{message.Role}={message.Content}"));
            return ModelReply.Text("Yes.") with { Gate = gate };
        });
        using var created = await app.Http.SendJsonAsync(HttpMethod.Post, "/v1/conversations", """{"items":[{"role":"user","content":"I am Ada."},{"role":"assistant","content":"Hello."}]}""");
        var id = (await created.ReadAsync()).Text("id");
        using var started = await app.Http.SendJsonAsync(
            HttpMethod.Post, Responses, $$"""{"model":"{{agent}}","input":"Who am I?","conversation":"{{id}}","background":true}""");
        await gate.Reached;

        using var busy = await app.Http.SendJsonAsync(HttpMethod.Post, $"/v1/conversations/{id}/items", """{"items":[{"role":"user","content":"x"}]}""");
        gate.Open();
        await app.Http.EndOfRunAsync($"run_{(await started.ReadAsync()).Text("id")[5..]}");
        using var added = await app.Http.SendJsonAsync(HttpMethod.Post, $"/v1/conversations/{id}/items", """{"items":[{"role":"user","content":"x"}]}""");
        using var messages = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/conversations/{id}/messages", "");

        Assert.Equal("user=I am Ada. assistant=Hello. user=Who am I?", asked);
        Assert.Equal((HttpStatusCode.Conflict, "false"), (busy.StatusCode, busy.Headers.GetValues("x-should-retry").Single()));
        Assert.Equal("conversation_locked", (await busy.ReadAsync()).GetProperty("error").Text("code"));
        Assert.Equal(HttpStatusCode.OK, added.StatusCode);
        Assert.Equal(["I am Ada.", "Hello.", "Who am I?", "Yes.", "x"], (await messages.ReadAsync()).GetProperty("items").EnumerateArray().Select(message => message.Text("content")));
    }

    [Theory]
    [InlineData("", """{"items":[{"role":"system","content":"x"}]}""", "items")]
    [InlineData("", """{"items":"x"}""", "items")]
    [InlineData("", """{"items":[{"type":"function_call","call_id":"call_a","name":"f","arguments":"{}"}]}""", "items[0]")]
    [InlineData("", """{"metadata":{"a":1}}""", "metadata.a")]
    [InlineData("", """{"colour":1}""", "colour")]
    [InlineData("/conv_none", "{}", "metadata")]
    [InlineData("/conv_none/items", "{}", "items")]
    [InlineData("/conv_none/items", """{"items":[{"role":"user","content":[{"type":"input_image"}]}]}""", "items[0].content[0].type")]
    public async Task What_is_wrong_with_a_conversation_is_named(string path, string body, string param)
    {
        using var refused = await app.Http.SendJsonAsync(HttpMethod.Post, $"/v1/conversations{path}", body);
        Assert.Equal((HttpStatusCode.BadRequest, param), (refused.StatusCode, (await refused.ReadAsync()).GetProperty("error").Text("param")));
    }

    private static async Task<string> RunAsync(HttpClient http, string agent, string step, params string[] arguments) =>
        (await ClientTools.NodeAsync(Path.Combine("openai", "run.mjs"), [http.BaseAddress!.ToString(), agent, step, .. arguments])).Trim();
}
