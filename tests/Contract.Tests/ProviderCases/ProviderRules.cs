using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>What providers refuse, as their documentation and their refusals say.</summary>
internal sealed partial class ProviderRules
{
    private static readonly HashSet<string> TakeCompletionTokens = ["openai", "azure"];

    // What each model said that its provider wants back: signatures of calls, and the thoughts before them.
    private readonly ConcurrentDictionary<string, HashSet<string>> _signatures = new();
    private readonly ConcurrentDictionary<string, string> _thoughts = new();

    /// <summary>Notes what of an answer has to come back.</summary>
    public void Remember(string model, CaseAnswer answer)
    {
        var said = string.Concat(answer.Pieces().Select(piece => System.Text.Encoding.UTF8.GetString(piece.Bytes)));
        foreach (Match signature in Signature().Matches(said))
        {
            var signatures = _signatures.GetOrAdd(model, _ => []);
            lock (signatures)
            {
                signatures.Add(signature.Groups[1].Value);
            }
        }

        var thought = string.Concat(Thought().Matches(said).Select(match => match.Groups[1].Value));
        if (thought.Length > 0)
        {
            _thoughts[model] = thought;
        }
    }

    /// <summary>The provider's refusal of a request; null where it takes it.</summary>
    public string? Broken(string provider, string model, JsonElement body) => provider switch
    {
        "anthropic" => AnthropicRules(body),
        "ollama" => OllamaRules(body),
        _ => Common(provider, body) ?? provider switch
        {
            "mistral" => MistralRules(body),
            "gemini" => GeminiRules(model, body),
            "deepseek" => DeepSeekRules(model, body),
            _ => null,
        },
    };

    private static JsonElement.ArrayEnumerator Messages(JsonElement body) => body.GetProperty("messages").EnumerateArray();

    private static JsonElement.ArrayEnumerator Calls(JsonElement message) =>
        message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array ? calls.EnumerateArray() : default;

    private static string Role(JsonElement message) => message.Text("role");

    /// <summary>What every server of OpenAI's format demands.</summary>
    private static string? Common(string provider, JsonElement body)
    {
        if (!TakeCompletionTokens.Contains(provider) && body.TryGetProperty("max_completion_tokens", out _))
        {
            return "max_completion_tokens: Extra inputs are not permitted";
        }

        HashSet<string> open = [];
        foreach (var message in Messages(body))
        {
            if (Role(message) == "tool")
            {
                if (!open.Remove(message.Text("tool_call_id")))
                {
                    return "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
                }

                continue;
            }

            if (open.Count > 0)
            {
                return "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.";
            }

            foreach (var call in Calls(message))
            {
                var function = call.GetProperty("function");
                if (!ToolName().IsMatch(function.Text("name")))
                {
                    return "Invalid 'tool_calls[0].function.name': string does not match pattern '^[a-zA-Z0-9_-]+$'.";
                }

                if (!IsObject(function.Text("arguments")))
                {
                    return "Can only get item pairs from a mapping.";
                }

                if (call.Text("id").Length == 0 || !open.Add(call.Text("id")))
                {
                    return "Duplicate or empty tool call id.";
                }
            }
        }

        return null;
    }

    private static string? MistralRules(JsonElement body)
    {
        var last = "";
        HashSet<string> ids = [];
        foreach (var message in Messages(body))
        {
            if (last == "tool" && Role(message) == "user")
            {
                return "Unexpected role 'user' after role 'tool'";
            }

            if (message.EnumerateObject().Select(property => property.Name).FirstOrDefault(name => name is "reasoning_content" or "reasoning" or "extra_content") is { } extra)
            {
                return $"{extra}: Extra inputs are not permitted";
            }

            foreach (var id in Calls(message).Select(call => call.Text("id")))
            {
                if (!MistralId().IsMatch(id) || !ids.Add(id))
                {
                    return $"Tool call id was {id} but must be a-z, A-Z, 0-9, with a length of 9.";
                }
            }

            last = Role(message);
        }

        return null;
    }

    private string? GeminiRules(string model, JsonElement body)
    {
        var calls = Messages(body).SelectMany(message => Calls(message).Take(1));
        return _signatures.TryGetValue(model, out var signatures)
            && calls.Any(call => !signatures.Contains(Signature().Match(call.GetRawText()).Groups[1].Value))
            ? "Function call is missing a thought_signature in functionCall parts."
            : null;
    }

    private string? DeepSeekRules(string model, JsonElement body)
    {
        if (body.TryGetProperty("response_format", out var format) && format.Text("type") == "json_schema")
        {
            return "This response_format type is unavailable now";
        }

        return _thoughts.TryGetValue(model, out var thought)
            && Messages(body).Any(message => Calls(message).Any()
                && !(message.TryGetProperty("reasoning_content", out var reasoning) && reasoning.GetString() == thought))
            ? "The `reasoning_content` in the thinking mode must be passed back to the API."
            : null;
    }

    private static string? AnthropicRules(JsonElement body)
    {
        HashSet<string> uses = [];
        foreach (var block in Messages(body).Select(message => message.GetProperty("content"))
            .Where(content => content.ValueKind == JsonValueKind.Array).SelectMany(content => content.EnumerateArray()))
        {
            switch (block.Text("type"))
            {
                case "text" when string.IsNullOrWhiteSpace(block.Text("text")):
                    return "messages: text content blocks must be non-empty";
                case "tool_use" when !uses.Add(block.Text("id")) || !ToolName().IsMatch(block.Text("name")):
                    return "messages: `tool_use` ids must be unique, and names match '^[a-zA-Z0-9_-]{1,64}$'";
                case "tool_use" when block.GetProperty("input").ValueKind != JsonValueKind.Object:
                    return "messages: tool_use.input: Input should be a valid dictionary";
                case "tool_result" when !uses.Contains(block.Text("tool_use_id")):
                    return "messages: unexpected `tool_use_id` found in `tool_result` blocks";
            }
        }

        return body.TryGetProperty("max_tokens", out _) ? null : "max_tokens: Field required";
    }

    private static string? OllamaRules(JsonElement body) =>
        Messages(body).Any(message => Role(message) == "tool" && !(message.TryGetProperty("tool_name", out var name) && name.GetString() is "calculator" or "clock"))
            ? "a tool message needs tool_name"
            : null;

    private static bool IsObject(string json)
    {
        try
        {
            return JsonElement.Parse(json).ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    [GeneratedRegex("^[a-zA-Z0-9_-]{1,64}$")]
    private static partial Regex ToolName();

    [GeneratedRegex("^[a-zA-Z0-9]{9}$")]
    private static partial Regex MistralId();

    [GeneratedRegex("""thought_signature"\s*:\s*"([^"]*)""")]
    private static partial Regex Signature();

    [GeneratedRegex("""reasoning_content"\s*:\s*"([^"]*)""")]
    private static partial Regex Thought();
}
