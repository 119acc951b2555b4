using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Wire;

/// <summary>Why an answer ended, in the words of all vendors.</summary>
internal static class WireFinishReasons
{
    /// <summary>The model refused; its words, if it has any, are the answer's text.</summary>
    public static readonly ChatFinishReason Refusal = new("refusal");

    private static readonly Dictionary<string, ChatFinishReason> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["stop"] = ChatFinishReason.Stop,
        ["length"] = ChatFinishReason.Length,
        ["max_tokens"] = ChatFinishReason.Length,
        ["model_length"] = ChatFinishReason.Length,
        ["max_output_tokens"] = ChatFinishReason.Length,
        ["max_length"] = ChatFinishReason.Length,
        ["model_context_window_exceeded"] = ChatFinishReason.Length,
        ["tool_calls"] = ChatFinishReason.ToolCalls,
        ["tool_call"] = ChatFinishReason.ToolCalls,
        ["tool_use"] = ChatFinishReason.ToolCalls,
        ["function_call"] = ChatFinishReason.ToolCalls,
        ["content_filter"] = ChatFinishReason.ContentFilter,
        ["content_filtered"] = ChatFinishReason.ContentFilter,
        ["guardrail_intervened"] = ChatFinishReason.ContentFilter,
        ["safety"] = ChatFinishReason.ContentFilter,
        ["image_safety"] = ChatFinishReason.ContentFilter,
        ["sensitive"] = ChatFinishReason.ContentFilter,
        ["recitation"] = ChatFinishReason.ContentFilter,
        ["blocklist"] = ChatFinishReason.ContentFilter,
        ["prohibited_content"] = ChatFinishReason.ContentFilter,
        ["spii"] = ChatFinishReason.ContentFilter,
        ["error_toxic"] = ChatFinishReason.ContentFilter,
        ["content_policy"] = ChatFinishReason.ContentFilter,
        ["content_policy_violation"] = ChatFinishReason.ContentFilter,
        ["moderation"] = ChatFinishReason.ContentFilter,
        ["refusal"] = Refusal,
    };

    private static readonly HashSet<string> Failures = new(StringComparer.OrdinalIgnoreCase)
    {
        "insufficient_system_resource", "error", "network_error", "server_error", "internal_error", "upstream_error", "abort", "aborted", "cancelled", "canceled",
        "failed", "timeout", "overloaded", "engine_overloaded", "malformed_function_call", "unexpected_tool_call", "load", "unload",
    };

    /// <summary>Whether the answer is none: the provider gave up, and may do better when asked again.</summary>
    public static bool IsFailure(string reason) => Failures.Contains(Bare(reason));

    /// <summary>The reason as everybody here knows it. An answer that is all there is one, whatever its end is called: then it is stop.</summary>
    public static ChatFinishReason Of(string reason) => Known.GetValueOrDefault(
        Bare(reason), reason.StartsWith("content_filter", StringComparison.OrdinalIgnoreCase) ? ChatFinishReason.ContentFilter : ChatFinishReason.Stop);

    /// <summary>Gemini names the filter before the reason: <c>function_call_filter: MALFORMED_FUNCTION_CALL</c>.</summary>
    private static string Bare(string reason) => reason[(reason.LastIndexOf(':') + 1)..].Trim();
}
