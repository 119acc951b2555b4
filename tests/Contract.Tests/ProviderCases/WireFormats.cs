using System.Text.Json;
using System.Text.Json.Nodes;

namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>Answers in the three formats that providers speak: OpenAI's, Anthropic's and Ollama's.</summary>
internal static class WireFormats
{
    public static bool AsksForStream(string provider, JsonElement body) => body.TryGetProperty("stream", out var stream)
        ? stream.ValueKind == JsonValueKind.True
        : provider == "ollama";

    /// <summary>A whole answer of text.</summary>
    public static CaseAnswer Plain(string provider, string text) => Answer(new JsonObject
    {
        ["status"] = 200,
        ["json"] = provider switch
        {
            "anthropic" => new JsonObject
            {
                ["id"] = "msg_1", ["type"] = "message", ["role"] = "assistant", ["model"] = "claude",
                ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }),
                ["stop_reason"] = "end_turn", ["stop_sequence"] = null,
                ["usage"] = new JsonObject { ["input_tokens"] = 10, ["output_tokens"] = 5 },
            },
            "ollama" => new JsonObject
            {
                ["model"] = "m", ["created_at"] = "2026-01-01T00:00:00Z",
                ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text },
                ["done"] = true, ["done_reason"] = "stop", ["prompt_eval_count"] = 5, ["eval_count"] = 3,
            },
            _ => new JsonObject
            {
                ["id"] = "chatcmpl-1", ["object"] = "chat.completion", ["created"] = 1, ["model"] = "m",
                ["choices"] = new JsonArray(new JsonObject
                {
                    ["index"] = 0, ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text }, ["finish_reason"] = "stop",
                }),
                ["usage"] = new JsonObject { ["prompt_tokens"] = 10, ["completion_tokens"] = 5, ["total_tokens"] = 15 },
            },
        },
    });

    /// <summary>The answer as the provider streams it, where it is a whole one that succeeded.</summary>
    public static CaseAnswer Streamed(string provider, CaseAnswer answer)
    {
        if (answer is not { Status: 200, Json: { } json } || provider == "ollama")
        {
            // A whole answer of Ollama's is a stream of one line.
            return answer;
        }

        var events = provider == "anthropic" ? AnthropicEvents(json) : OpenAIEvents(json);
        var streamed = JsonNode.Parse(answer.Element.GetRawText())!.AsObject();
        streamed.Remove("json");
        streamed["sse"] = new JsonArray([.. events.SelectMany(line => new[] { line, "" }).Select(line => JsonValue.Create(line))]);
        return Answer(streamed);
    }

    private static IEnumerable<string> OpenAIEvents(JsonElement json)
    {
        foreach (var choice in json.GetProperty("choices").EnumerateArray())
        {
            var delta = JsonNode.Parse(choice.GetProperty("message").GetRawText())!.AsObject();
            var index = 0;
            foreach (var call in delta["tool_calls"]?.AsArray() ?? [])
            {
                call!["index"] = index++;
            }

            yield return Chunk(delta, finish: null);
            yield return Chunk([], choice.GetProperty("finish_reason").GetString());
        }

        if (json.TryGetProperty("usage", out var usage))
        {
            yield return $$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{{usage.GetRawText()}}}""";
        }

        yield return "data: [DONE]";
    }

    private static string Chunk(JsonObject delta, string? finish)
    {
        var choice = new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finish };
        var chunk = new JsonObject { ["id"] = "chatcmpl-1", ["object"] = "chat.completion.chunk", ["created"] = 1, ["model"] = "m", ["choices"] = new JsonArray(choice) };
        return $"data: {chunk.ToJsonString()}";
    }

    private static IEnumerable<string> AnthropicEvents(JsonElement json)
    {
        var message = JsonNode.Parse(json.GetRawText())!.AsObject();
        var (content, stop, usage) = (message["content"]!.AsArray(), message["stop_reason"]?.DeepClone(), message["usage"]!.DeepClone());
        message["content"] = new JsonArray();
        message["stop_reason"] = null;
        yield return Event("message_start", new JsonObject { ["message"] = message.DeepClone() });
        for (var index = 0; index < content.Count; index++)
        {
            var block = content[index]!.DeepClone().AsObject();
            var isText = (string?)block["type"] == "text";
            var delta = isText
                ? new JsonObject { ["type"] = "text_delta", ["text"] = block["text"]!.DeepClone() }
                : new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = block["input"]!.ToJsonString() };
            block[isText ? "text" : "input"] = isText ? "" : new JsonObject();
            yield return Event("content_block_start", new JsonObject { ["index"] = index, ["content_block"] = block });
            yield return Event("content_block_delta", new JsonObject { ["index"] = index, ["delta"] = delta });
            yield return Event("content_block_stop", new JsonObject { ["index"] = index });
        }

        yield return Event("message_delta", new JsonObject
        {
            ["delta"] = new JsonObject { ["stop_reason"] = stop, ["stop_sequence"] = null },
            ["usage"] = usage,
        });
        yield return Event("message_stop", []);
    }

    private static string Event(string type, JsonObject data)
    {
        data["type"] = type;
        return $"event: {type}\ndata: {data.ToJsonString()}";
    }

    private static CaseAnswer Answer(JsonObject answer) => new(JsonElement.Parse(answer.ToJsonString()));
}
