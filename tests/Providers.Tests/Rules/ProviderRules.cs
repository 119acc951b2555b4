using System.Text.Json;
using System.Text.RegularExpressions;

namespace Yggdrasil.Conformance.Tests.Rules;

/// <summary>What providers that speak OpenAI's chat completions refuse. Written after their documentation and public reports, not after our profiles.</summary>
internal static partial class ProviderRules
{
    private const string OpenAIReference = "platform.openai.com/docs/api-reference/chat/create";

    private static readonly Rule[] Everywhere =
    [
        RequestRules.CallIdsAnswered(OpenAIReference),
        RequestRules.ToolNames(OpenAIReference),
        RequestRules.ArgumentsAreObjects("vllm-project/vllm#19419"),
        RequestRules.NoEmptyTools("vllm-project/vllm: tools must not be an empty array"),
        new(
            request => request.GetProperty("model").GetString()!.EndsWith("-that-does-not-exist", StringComparison.Ordinal) ? "The model does not exist." : null,
            OpenAIReference,
            Status: 404),
    ];

    public static IReadOnlyDictionary<string, IReadOnlyList<Rule>> All { get; } = new Dictionary<string, IReadOnlyList<Rule>>
    {
        ["openai"] =
        [
            .. Everywhere,
            RequestRules.CallIds(OpenAIReference + " (40 characters)", UpTo40()),
            RequestRules.NoField("platform.openai.com/docs/guides/reasoning: max_tokens is refused by reasoning models", 400, "max_tokens"),
            RequestRules.NoMessageField(OpenAIReference, 400, "reasoning_content", "reasoning", "extra_content"),
        ],
        ["mistral"] =
        [
            .. Everywhere,
            RequestRules.CallIds("HKUDS/nanobot#1293", NineLettersOrDigits()),
            RequestRules.NoField("editor-code-assistant/eca#231", 422, "max_completion_tokens", "prompt_cache_key", "stream_options_include_usage", "store"),
            RequestRules.NoMessageField("charmbracelet/crush#1590", 422, "reasoning_content", "reasoning", "extra_content"),
            RequestRules.RoleNotAfter("NousResearch/hermes-agent#20154", "user", "tool"),
        ],
        ["deepseek"] =
        [
            .. Everywhere,
            RequestRules.NoResponseFormat("BerriAI/litellm#7580", "json_schema", "This response_format type is unavailable now"),
            new(
                request => Calls(request).Any(message => !message.TryGetProperty("reasoning_content", out _))
                    ? "The `reasoning_content` in the thinking mode must be passed back to the API."
                    : null,
                "microsoft/agent-framework#2603"),
        ],
        ["gemini"] =
        [
            .. Everywhere,
            new(
                request => Calls(request).Select(message => message.GetProperty("tool_calls")[0]).Any(call => !HasSignature(call))
                    ? "Function call is missing a thought_signature in functionCall parts."
                    : null,
                "ai.google.dev/gemini-api/docs/thought-signatures"),
        ],
        ["groq"] =
        [
            .. Everywhere,
            RequestRules.NoMessageField("console.groq.com/docs/openai", 400, "reasoning_content", "extra_content"),
        ],
        ["vllm"] = [.. Everywhere],
        ["careful"] =
        [
            .. Everywhere,
            RequestRules.CallIds("mistral templates on any server", NineLettersOrDigits()),
            RequestRules.NoField("Gitlawb/openclaude#739", 422, "max_completion_tokens", "prompt_cache_key", "store", "reasoning_effort"),
            RequestRules.NoMessageField("charmbracelet/crush#1590", 422, "extra_content"),
            RequestRules.RoleNotAfter("aaif-goose/goose#5998", "user", "tool"),
            RequestRules.RoleNotAfter("templates that demand alternation, avante-corp/avante.nvim#2562", "user", "user"),
            RequestRules.FirstIsUser("templates that demand alternation, avante-corp/avante.nvim#2562"),
            RequestRules.NoResponseFormat("khoj-ai/khoj#1336", "json_schema", "response_format.type must be text or json_object"),
        ],
    };

    /// <summary>Messages of the current exchange (after the last user message) with tool calls: those that DeepSeek and Gemini look at.</summary>
    private static IEnumerable<JsonElement> Calls(JsonElement request) => RequestRules.Messages(request)
        .Reverse()
        .TakeWhile(message => RequestRules.Role(message) != "user")
        .Where(message => message.TryGetProperty("tool_calls", out _));

    private static bool HasSignature(JsonElement call) =>
        call.TryGetProperty("extra_content", out var extra)
        && extra.TryGetProperty("google", out var google)
        && google.TryGetProperty("thought_signature", out var signature)
        && signature.GetString() == ObedientModel.Signature;

    [GeneratedRegex("^.{1,40}$")]
    private static partial Regex UpTo40();

    [GeneratedRegex("^[a-zA-Z0-9]{9}$")]
    private static partial Regex NineLettersOrDigits();
}
