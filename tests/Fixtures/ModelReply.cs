namespace Yggdrasil.Fixtures;

/// <summary>What the scripted server answers to one request. Made by the factories, varied by <c>with</c>.</summary>
public sealed record ModelReply
{
    private ModelReply()
    {
    }

    public string? Content { get; init; }

    public IReadOnlyList<ScriptedToolCall> Calls { get; init; } = [];

    public int StatusCode { get; init; } = 200;

    /// <summary>Sent as <c>Retry-After</c>, in whole seconds.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Further headers, for instance <c>Retry-After</c> as a date or the <c>Location</c> of a redirect.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>The whole body, sent as it is in place of a completion.</summary>
    public string? Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    /// <summary>Thoughts beside the answer, as <c>reasoning_content</c>; null for none.</summary>
    public string? Reasoning { get; init; }

    /// <summary>JSON that stands as <c>extra_content</c> in the first tool call, as Gemini's signatures do; null for none.</summary>
    public string? CallExtra { get; init; }

    /// <summary>Overrides <c>stop</c> and <c>tool_calls</c>: for instance <c>content_filter</c> or <c>length</c>.</summary>
    public string? FinishReason { get; init; }

    /// <summary>Sent as <c>message.refusal</c>, in place of content.</summary>
    public string? Refusal { get; init; }

    /// <summary>False: no use is reported at all.</summary>
    public bool ReportsUsage { get; init; } = true;

    public int InputTokens { get; init; } = 11;

    public int OutputTokens { get; init; } = 7;

    /// <summary>Of the input tokens, those reported as cached; null reports nothing.</summary>
    public int? CachedInputTokens { get; init; }

    /// <summary>Of the input tokens, those reported as written to the cache; null reports nothing.</summary>
    public int? CacheWriteTokens { get; init; }

    /// <summary>Of the output tokens, those reported as reasoning; null reports nothing.</summary>
    public int? ReasoningTokens { get; init; }

    /// <summary>Holds the answer back until opened.</summary>
    public Gate? Gate { get; init; }

    /// <summary>Holds the second half of the body back until opened.</summary>
    public Gate? MidStreamGate { get; init; }

    public ConnectionFault Fault { get; init; }

    /// <summary>Passes before the answer, for simulated latency.</summary>
    public TimeSpan Latency { get; init; }

    public static ModelReply Text(string text) => new() { Content = text };

    public static ModelReply Refuses(string refusal) => new() { Refusal = refusal };

    /// <summary>A turn that calls tools; arguments are JSON text, broken ones included.</summary>
    public static ModelReply ToolCalls(params (string Name, string Arguments)[] calls) =>
        new() { Calls = [.. calls.Select(call => new ScriptedToolCall(call.Name, call.Arguments))] };

    /// <summary>An error in OpenAI's form.</summary>
    public static ModelReply Status(
        int status, TimeSpan? retryAfter = null, string code = "scripted_error", string message = "Scripted failure.") =>
        new()
        {
            StatusCode = status,
            RetryAfter = retryAfter,
            Body = $$$"""{"error":{"message":"{{{message}}}","type":"scripted","code":"{{{code}}}"}}""",
        };

    /// <summary>Never answers, unless <paramref name="gate"/> is opened: then with <paramref name="then"/> or "released".</summary>
    public static ModelReply Hang(Gate? gate = null, ModelReply? then = null) =>
        (then ?? Text("released")) with { Gate = gate ?? new Gate() };

    /// <summary>Any body, with status 200.</summary>
    public static ModelReply Raw(string body, string contentType = "application/json") =>
        new() { Body = body, ContentType = contentType };

    /// <summary>The connection is reset, before any answer or in the middle.</summary>
    public static ModelReply Reset(ConnectionFault fault = ConnectionFault.BeforeAnswer) =>
        Text("This answer is cut off before its end.") with { Fault = fault };
}
