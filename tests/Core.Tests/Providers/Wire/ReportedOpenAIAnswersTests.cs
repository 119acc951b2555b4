using Yggdrasil.Fixtures;

namespace Yggdrasil.Tests.Providers.Wire;

/// <summary>Streams of OpenAI's format as public bug reports show them, in our own words: each row names its report.</summary>
public sealed class ReportedOpenAIAnswersTests : IAsyncLifetime
{
    private EffectServer _server = null!;

    /// <summary>The report, the data of each event (or a line as it is, where it begins with <c>!</c>), and what it comes to.</summary>
    public static TheoryData<string, string[], string> Reports => new()
    {
        { "vllm-project/vllm#19425: a call whose function is null first, and whose name comes later",
            [Delta("""{"role":"assistant","content":"","tool_calls":[{"id":"4189fdfaG","index":0,"type":"function","function":null}]}"""),
             Delta("""{"role":"assistant","content":"","tool_calls":[]}"""),
             Delta("""{"role":"assistant","content":"","tool_calls":[{"id":null,"index":0,"type":"function","function":{"name":"f","arguments":"{\""}}]}"""),
             Delta("""{"tool_calls":[{"id":null,"index":0,"function":{"arguments":"x\":1}"}}]}"""), End("tool_calls"), Done],
            "|tool_calls|f{\"x\":1}|" },
        { "InternLM/lmdeploy#3412: two calls of index 0 whose later pieces have an empty id",
            [Delta("""{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}"""),
             Delta("""{"tool_calls":[{"index":0,"id":"","function":{"name":null,"arguments":"{\"x\":1}"}}]}"""),
             Delta("""{"tool_calls":[{"index":0,"id":"b","type":"function","function":{"name":"g","arguments":""}}]}"""),
             Delta("""{"tool_calls":[{"index":0,"id":"","function":{"name":null,"arguments":"{\"y\":2}"}}]}"""), End("tool_calls"), Done],
            "|tool_calls|f{\"x\":1} g{\"y\":2}|" },
        { "InternLM/lmdeploy#3412, as sglang: two calls of index 0 whose ids are repeated and are numbers",
            [Delta("""{"tool_calls":[{"index":0,"id":"0","function":{"name":"f","arguments":""}}]}"""),
             Delta("""{"tool_calls":[{"index":0,"id":"0","function":{"arguments":"{\"x\":1}"}}]}"""),
             Delta("""{"tool_calls":[{"index":0,"id":"1","function":{"name":"g","arguments":""}}]}"""),
             Delta("""{"tool_calls":[{"index":0,"id":"1","function":{"arguments":"{}"}}]}"""), End("tool_calls"), Done],
            "|tool_calls|f{\"x\":1} g{}|" },
        { "anvia-hq/anvia#262: indexes as text, in turns",
            [Delta("""{"tool_calls":[{"index":"0","id":"a","function":{"name":"f","arguments":"{\"x\""}},{"index":"1","id":"b","function":{"name":"g","arguments":"{\"y\""}}]}"""),
             Delta("""{"tool_calls":[{"index":"0","function":{"arguments":":1}"}}]}"""),
             Delta("""{"tool_calls":[{"index":"1","function":{"arguments":":2}"}}]}"""), End("tool_calls"), Done],
            "|tool_calls|f{\"x\":1} g{\"y\":2}|" },
        { "googleapis/python-genai#2868: stop at a streamed call", [Delta("""{"tool_calls":[{"function":{"name":"f","arguments":"{}"},"id":"jm4owj31","type":"function"}]}"""), End("stop"), Done], "|tool_calls|f{}|" },
        { "ml-explore/mlx-lm#782: tool_call in place of tool_calls", [Delta("""{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"""), End("tool_call"), Done], "|tool_calls|f{}|" },
        { "experientiallabs/experiential#758: a call cut off by the bound of the answer",
            [Delta("""{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}"""), Delta("""{"tool_calls":[{"index":0,"function":{"arguments":"{\"ci"}}]}"""), End("length"), Done],
            "|length|f!|" },
        { "ModelTC/LightLLM#130: no reason at all, but an announced end", [Delta("""{"content":"391"}"""), Delta("{}"), Done], "391|stop||" },
        { "CommandCodeAI/command-code#785: the stream ends within a call", [Delta("""{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x"}}]}""")], "!provider_unavailable" },
        { "sgl-project/sglang#8417: the reason twice, first beside text",
            ["""{"id":"1","choices":[{"index":0,"delta":{"content":"391"},"finish_reason":"stop"}]}""", End("stop"), Done], "391|stop||" },
        { "diegosouzapw/OmniRoute#8210: an error beside empty choices under 200",
            ["""{"id":"gen-1","object":"chat.completion.chunk","model":"m","choices":[],"error":{"message":"Worker local total request limit reached (33/32)","code":502}}"""], "!provider_unavailable" },
        { "damianvtran/local-operator#223: an error beside a choice that gave up, within an answer",
            [Delta("""{"content":"39"}"""), """{"id":"1","choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}],"error":{"code":429,"message":"Rate limit exceeded"}}"""], "!provider_rate_limited" },
        { "openai/openai-go#227: comments that keep alive, and a reason of its own beside",
            ["!: OPENROUTER PROCESSING", "!", "!: OPENROUTER PROCESSING", "!",
             """{"id":"gen-1","provider":"OpenAI","model":"m","object":"chat.completion.chunk","created":1,"choices":[{"index":0,"delta":{"role":"assistant","content":"391"},"finish_reason":null,"native_finish_reason":null,"logprobs":null}],"system_fingerprint":"fp"}""",
             """{"id":"gen-1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop","native_finish_reason":"STOP"}]}""", Done], "391|stop||" },
        { "microsoft/semantic-kernel#3650: results of a filter before the first choice",
            ["""{"id":"","choices":[],"created":0,"model":"","object":"","system_fingerprint":null,"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}""",
             Delta("""{"role":"assistant","content":"391"}"""), End("stop"), Done], "391|stop||" },
        { "uezo/aiavatarkit#124: results of a filter in a choice without a delta",
            [Delta("""{"content":"391"}"""), """{"id":"","object":"","created":0,"model":"","choices":[{"index":0,"finish_reason":null,"content_filter_results":{"hate":{"filtered":false}},"content_filter_offsets":{"check_offset":44,"start_offset":44,"end_offset":198}}]}""", End("stop"), Done],
            "391|stop||" },
        { "ggml-org/llama.cpp#14566: an error as data of a stream under 200",
            ["""{"error":{"code":400,"message":"the request exceeds the available context size. try increasing the context size or enable context shift","type":"exceed_context_size_error","n_prompt_tokens":1407,"n_ctx":256}}"""], "!context_too_long" },
        { "ggml-org/llama.cpp#16486: an error as a field of its own",
            ["!error: {\"code\":500,\"message\":\"Context size has been exceeded.\",\"type\":\"server_error\"}"], "!context_too_long" },
        { "ggml-org/llama.cpp#16486: the same within an answer", [Delta("""{"content":"3"}"""), "!error: {\"code\":500,\"message\":\"Compute error.\",\"type\":\"server_error\"}"], "!provider_unavailable" },
        { "vllm-project/vllm#49216: tokens so far with every chunk of thought, then an error",
            ["""{"id":"1","choices":[{"index":0,"delta":{"reasoning":" the"},"logprobs":null,"finish_reason":null,"token_ids":null}],"usage":{"prompt_tokens":265,"total_tokens":370,"completion_tokens":105}}""",
             """{"error":{"message":"list index out of range","type":"Internal Server Error","param":null,"code":500}}""", Done], "!provider_unavailable" },
        { "CommandCodeAI/command-code#785: an error that says it is no success", ["""{"success":false,"error":{"code":"INTERNAL_SERVER_ERROR","status":500,"message":"An unexpected error occurred."}}"""], "!provider_unavailable" },
        { "cloudflare workers: errors as a list under 200", ["""{"result":null,"success":false,"errors":[{"code":7009,"message":"Upstream service unavailable"}],"messages":[]}"""], "!provider_unavailable" },
        { "MiniMax: the failure in base_resp, and choices null", ["""{"id":"1","choices":null,"created":1,"model":"m","base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}"""], "!provider_credentials" },
        { "an error that is a list", ["""{"error":[{"message":"This model's maximum context length is 8192 tokens."}]}"""], "!context_too_long" },
        { "an error that is a number", ["""{"error":429}"""], "!provider_rate_limited" },
        { "an error that is a text", ["""{"error":"Too many requests, please slow down"}"""], "!provider_rate_limited" },
        { "an error that is empty beside an answer", ["""{"id":"1","error":{},"choices":[{"index":0,"delta":{"content":"391"},"finish_reason":"stop"}]}""", """{"error":"","choices":[]}""", Done], "391|stop||" },
        { "FastAPI: only a detail under 200", ["""{"detail":[{"loc":["body","messages"],"msg":"field required","type":"value_error.missing"}]}"""], "!provider_unavailable" },
        { "perplexity: what was said so far beside each piece",
            ["""{"id":"1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"finish_reason":null,"message":{"role":"assistant","content":"3"},"delta":{"role":"assistant","content":"3"}}],"usage":{"prompt_tokens":5,"completion_tokens":1}}""",
             """{"id":"1","choices":[{"index":0,"finish_reason":null,"message":{"role":"assistant","content":"39"},"delta":{"role":"assistant","content":"9"}}],"usage":{"prompt_tokens":5,"completion_tokens":2}}""",
             """{"id":"1","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"391"},"delta":{"role":"assistant","content":"1"}}],"usage":{"prompt_tokens":5,"completion_tokens":3}}"""],
            "391|stop||5/3" },
        { "a whole answer with an empty delta beside it", ["""{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"391"},"delta":{},"finish_reason":"stop"}]}"""], "391|stop||" },
        { "cloudflare workers: name and arguments in the call itself", [Delta("""{"tool_calls":[{"name":"f","arguments":{"x":1}},{"name":"g","arguments":{}}]}"""), End("stop"), Done], "|tool_calls|f{\"x\":1} g{}|" },
        { "google compatible: the filter's name before the reason it gave up for", [Delta("""{"role":"assistant"}"""), End("function_call_filter: MALFORMED_FUNCTION_CALL"), Done], "!provider_unavailable" },
        { "google compatible: the filter's name before a reason that nobody knows", [Delta("""{"content":"3"}"""), End("content_filter: SOMETHING_NEW"), Done], "3|content_filter||" },
        { "moonshot: overloaded in place of a reason", [Delta("""{"content":"3"}"""), End("engine_overloaded"), Done], "!provider_unavailable" },
        { "groq: an error in x_groq", ["""{"id":"1","choices":[{"index":0,"delta":{"role":"assistant","content":"3"}}]}""", """{"id":"1","choices":[{"index":0,"delta":{}}],"x_groq":{"id":"req","error":"over capacity"}}"""], "!provider_unavailable" },
        { "groq: tokens in x_groq", [Delta("""{"content":"391"}"""), """{"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"req","usage":{"prompt_tokens":12,"completion_tokens":3}}}""", Done], "391|stop||12/3" },
        { "simonw/llm#294: a choice that is null, an id that is null, a time that is no integer",
            ["""{"id":null,"object":null,"created":1700000000.25,"model":null,"choices":[{"index":0,"delta":{"role":"assistant","content":"391"},"finish_reason":null}]}""", """{"id":5,"created":"now","choices":[null,{"index":0,"delta":null,"finish_reason":"stop"}]}""", Done], "391|stop||" },
        { "an index of the choice as text, a reason that is a number", ["""{"id":"1","choices":[{"index":"0","delta":{"content":"391"},"finish_reason":1}]}""", Done], "391|stop||" },
        { "tokens as texts, fractions and null", [Delta("""{"content":"391"}"""), End("stop"), """{"id":"1","choices":[],"usage":{"prompt_tokens":"12","completion_tokens":3.0,"total_tokens":null,"prompt_tokens_details":null,"completion_tokens_details":{}}}""", Done], "391|stop||12/3" },
        { "tokens that are null at the end", [Delta("""{"content":"391"}"""), End("stop"), """{"id":"1","choices":[],"usage":null}""", Done], "391|stop||" },
        { "more after the announced end", [Delta("""{"content":"391"}"""), End("stop"), Done, "{not json", Delta("""{"content":"no"}""")], "391|stop||" },
        { "no announced end after a reason", [Delta("""{"content":"391"}"""), End("stop")], "391|stop||" },
        { "the role with every piece, and a name with every piece of a call",
            [Delta("""{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}]}"""),
             Delta("""{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":":1}"}}]}"""),
             Delta("""{"role":"assistant","tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}"""), End("tool_calls"), Done], "|tool_calls|f{\"x\":1}|" },
        { "an escape of a letter split between pieces of arguments",
            [Delta("""{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":\"\\u00"}}]}"""), Delta("""{"tool_calls":[{"index":0,"function":{"arguments":"e9\"}"}}]}"""), End("tool_calls"), Done], "|tool_calls|f{\"x\":\"\\u00E9\"}|" },
        { "arguments null, and a null among the calls", [Delta("""{"tool_calls":[null,{"index":0,"id":"a","function":{"name":"f","arguments":null}}]}"""), End("tool_calls"), Done], "|tool_calls|f{}|" },
        { "an event named error with words for data", ["!event: error", "!data: upstream connect error or disconnect/reset before headers", "!"], "!provider_unavailable" },
    };

    private const string Done = "[DONE]";

    public async Task InitializeAsync() => _server = await EffectServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [MemberData(nameof(Reports))]
    public async Task Answer_comes_to_what_it_means(string report, string[] events, string expected)
    {
        var body = string.Concat(events.Select(data => data.StartsWith('!') ? $"{data[1..]}\n" : $"data: {data}\n\n"));

        Assert.Equal((report, expected), (report, await ReadAnswer.AskAsync(_server, "vllm", body, "text/event-stream")));
    }

    private static string Delta(string delta) => $$"""{"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{{delta}},"finish_reason":null}]}""";

    private static string End(string reason) => $$$"""{"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"{{{reason}}}"}]}""";
}
