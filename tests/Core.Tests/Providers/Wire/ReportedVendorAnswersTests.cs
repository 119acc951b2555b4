using Yggdrasil.Fixtures;

namespace Yggdrasil.Tests.Providers.Wire;

/// <summary>Streams of Anthropic's and Ollama's own formats as public bug reports show them, in our own words: each row names its report.</summary>
public sealed class ReportedVendorAnswersTests : IAsyncLifetime
{
    private EffectServer _server = null!;

    /// <summary>The report, the data of each event, and what it comes to.</summary>
    public static TheoryData<string, string[], string> Anthropic => new()
    {
        { "earendil-works/pi#6567: message_delta without usage", [Start(), .. Text("391"), """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null}}""", Stop], "391|stop||10/0" },
        { "use-agent-os/agent-os#1854: usage that is null", [Start(), .. Text("391"), """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":null}""", Stop], "391|stop||10/0" },
        { "use-agent-os/agent-os#1725: cached tokens that are null",
            [Start(), .. Text("391"), """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5,"cache_read_input_tokens":null,"input_tokens":null}}""", Stop], "391|stop||10/5" },
        { "usage that is empty", [Start(), .. Text("391"), """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{}}""", Stop], "391|stop||10/0" },
        { "karthink/gptel#1331: only output tokens at the end", [Start(), .. Text("391"), End("end_turn"), Stop], "391|stop||10/5" },
        { "LibreChat-AI/agents#150: tokens so far in several message_delta",
            [Start(), .. Text("391"), """{"type":"message_delta","delta":{"stop_reason":null,"stop_sequence":null},"usage":{"output_tokens":2}}""", End("end_turn"), Stop], "391|stop||10/5" },
        { "message_start without usage", ["""{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"stop_sequence":null}}""", .. Text("391"), End("end_turn"), Stop], "391|stop||0/5" },
        { "anomalyco/opencode#38733: a whole input in the start of a call",
            [Start(), """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{"x":1}}}""", """{"type":"content_block_stop","index":0}""", End("tool_use"), Stop], "|tool_calls|f{\"x\":1}|10/5" },
        { "a whole input in the start of a call, and its pieces",
            [Start(), """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{"x":1}}}""", """{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"x\":1}"}}""",
             """{"type":"content_block_stop","index":0}""", End("tool_use"), Stop], "|tool_calls|f{\"x\":1}|10/5" },
        { "an input that is a text, as OpenAI has it",
            [Start(), """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":"{\"x\":1}"}}""", """{"type":"content_block_stop","index":0}""", End("tool_use"), Stop], "|tool_calls|f{\"x\":1}|10/5" },
        { "a call without any input",
            [Start(), """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}""", """{"type":"content_block_stop","index":0}""", End("tool_use"), Stop], "|tool_calls|f{}|10/5" },
        { "anomalyco/opencode#38733: text in the start of a block",
            [Start(), """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"39"}}""", """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"1"}}""", """{"type":"content_block_stop","index":0}""", End("end_turn"), Stop], "391|stop||10/5" },
        { "a whole thought in the start of a block",
            [Start(), """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"hm","signature":"c2ln"}}""", """{"type":"content_block_stop","index":0}""",
             """{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"391"}}""", """{"type":"content_block_stop","index":1}""", End("end_turn"), Stop], "(hm)391|stop||10/5" },
        { "the beginning of a thought in the start of a block",
            [Start(), """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"h","signature":""}}""", """{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"m"}}""",
             """{"type":"content_block_stop","index":0}""", """{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"391"}}""", """{"type":"content_block_stop","index":1}""", End("end_turn"), Stop], "(hm)391|stop||10/5" },
        { "karthink/gptel#1512: overloaded within an answer", [Start(), """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""", """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"3"}}""",
            """{"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}"""], "!provider_unavailable" },
        { "rate limit within an answer", [Start(), """{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}}"""], "!provider_rate_limited" },
        { "no end of the message", [Start(), .. Text("391")], "!provider_unavailable" },
        { "an end that only its reason tells", [Start(), .. Text("391"), End("end_turn")], "391|stop||10/5" },
        { "pings, and an event that nobody knows",
            ["""{"type":"ping"}""", Start(), """{"type":"ping"}""", """{"type":"vendor_progress","step":1}""", .. Text("391"), """{"type":"ping"}""", End("end_turn"), Stop], "391|stop||10/5" },
        { "a delta that nobody knows",
            [Start(), """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""", """{"type":"content_block_delta","index":0,"delta":{"type":"future_delta","value":1}}""",
             """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"391"}}""", """{"type":"content_block_stop","index":0}""", End("end_turn"), Stop], "391|stop||10/5" },
        { "a reason that nobody knows", [Start(), .. Text("391"), End("compaction_done"), Stop], "391|stop||10/5" },
        { "the window of the context is full", [Start(), .. Text("391"), End("model_context_window_exceeded"), Stop], "391|length||10/5" },
        { "a refusal", [Start(), .. Text("No."), End("refusal"), Stop], "No.|refusal||10/5" },
        { "an error of a gateway under 200", ["""{"error":{"message":"insufficient_quota","type":"new_api_error"}}"""], "!provider_credentials" },
    };

    /// <summary>The report, the lines, and what they come to. Ollama says stop of calls, too.</summary>
    public static TheoryData<string, string[], string> Ollama => new()
    {
        { "BerriAI/litellm#24095: arguments as text",
            ["""{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":"{\"x\":1}"}}]},"done":false}""", OllamaDone], "|stop|f{\"x\":1}|5/3" },
        { "arguments that are an empty text, or null",
            ["""{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":""}},{"function":{"name":"g","arguments":null}}]},"done":false}""", OllamaDone], "|stop|f{} g{}|5/3" },
        { "BerriAI/litellm#37792: two calls with index 0 in two lines",
            ["""{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"","tool_calls":[{"id":"c1","function":{"index":0,"name":"f","arguments":{"x":1}}}]},"done":false}""",
             """{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"","tool_calls":[{"id":"c1","function":{"index":0,"name":"g","arguments":{}}}]},"done":false}""", OllamaDone], "|stop|f{\"x\":1} g{}|5/3" },
        { "thinking, and then words",
            ["""{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"","thinking":"hm"},"done":false}""",
             """{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"391"},"done":false}""", OllamaDone], "(hm)391|stop||5/3" },
        { "an error that is an object", ["""{"error":{"message":"model requires more system memory","code":500}}"""], "!provider_unavailable" },
        { "an error within an answer", ["""{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"3"},"done":false}""", """{"error":"an error was encountered while running the model: unexpected EOF"}"""], "!provider_unavailable" },
        { "the model was unloaded", ["""{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"unload"}"""], "!provider_unavailable" },
        { "cut off by num_predict", ["""{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"39"},"done":true,"done_reason":"length","prompt_eval_count":5,"eval_count":3}"""], "39|length||5/3" },
        { "no reason at the end, as old versions", ["""{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"391"},"done":false}""", """{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},"done":true,"prompt_eval_count":5,"eval_count":3}"""], "391|stop||5/3" },
        { "ollama/ollama#2068: no count of a prompt that was cached", ["""{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"391"},"done":true,"done_reason":"stop","eval_count":3}"""], "391|stop||0/3" },
        { "no end", ["""{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"39"},"done":false}"""], "!provider_unavailable" },
        { "content that is null beside a call", ["""{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":{}}}]},"done":false}""", OllamaDone], "|stop|f{}|5/3" },
        { "a last line without a message", ["""{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"391"},"done":false}""", """{"model":"m","created_at":"2026-01-01T00:00:00Z","done":true,"done_reason":"stop","prompt_eval_count":5,"eval_count":3}"""], "391|stop||5/3" },
        { "a time that is none", ["""{"model":"m","created_at":"","message":{"role":"assistant","content":"391"},"done":true,"done_reason":"stop","prompt_eval_count":5,"eval_count":3}"""], "391|stop||5/3" },
    };

    private const string Stop = """{"type":"message_stop"}""";
    private const string OllamaDone = """{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":5,"eval_count":3}""";

    public async Task InitializeAsync() => _server = await EffectServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [MemberData(nameof(Anthropic))]
    public async Task Answer_of_Anthropics_format_comes_to_what_it_means(string report, string[] events, string expected)
    {
        var body = string.Concat(events.Select(data => $"event: {(data.StartsWith("""{"type":""", StringComparison.Ordinal) ? data.Split('"')[3] : "error")}\ndata: {data}\n\n"));

        Assert.Equal((report, expected), (report, await ReadAnswer.AskAsync(_server, "anthropic", body, "text/event-stream")));
    }

    [Theory]
    [MemberData(nameof(Anthropic))]
    public async Task Answer_whose_events_have_no_names_comes_to_the_same(string report, string[] events, string expected)
    {
        var body = string.Concat(events.Select(data => $"data: {data}\n\n"));

        Assert.Equal((report, expected), (report, await ReadAnswer.AskAsync(_server, "anthropic", body, "text/event-stream")));
    }

    [Theory]
    [MemberData(nameof(Ollama))]
    public async Task Answer_of_Ollamas_format_comes_to_what_it_means(string report, string[] lines, string expected)
    {
        var body = string.Concat(lines.Select(line => $"{line}\n"));

        Assert.Equal((report, expected), (report, await ReadAnswer.AskAsync(_server, "ollama", body, "application/x-ndjson")));
    }

    private static string Start() =>
        """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":1}}}""";

    private static string[] Text(string text) =>
    [
        """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""",
        $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{{{text}}}"}}""",
        """{"type":"content_block_stop","index":0}""",
    ];

    private static string End(string reason) => $$$"""{"type":"message_delta","delta":{"stop_reason":"{{{reason}}}","stop_sequence":null},"usage":{"output_tokens":5}}""";
}
