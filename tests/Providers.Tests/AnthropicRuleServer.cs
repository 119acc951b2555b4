using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Conformance.Tests;

/// <summary>Anthropic's messages API with its rules (docs.anthropic.com/en/api/messages), answered by <see cref="ObedientModel"/>.</summary>
internal static class AnthropicRuleServer
{
    public static Task<LoopbackServer> StartAsync() => LoopbackServer.StartAsync(HandleAsync);

    private static async Task HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        using var request = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: cancellationToken);
        var body = request.RootElement;
        var (status, refusal) = Refusal(body);
        if (refusal is not null)
        {
            context.Response.StatusCode = status;
            await context.Response.WriteAsJsonAsync(
                new { type = "error", error = new { type = status == 404 ? "not_found_error" : "invalid_request_error", message = refusal } }, cancellationToken);
            return;
        }

        var reply = ObedientModel.Answer(new ModelRequest(1, "/v1/messages", new Dictionary<string, string>(), AsChat(body).ToJsonString()));
        var streams = body.TryGetProperty("stream", out var stream) && stream.GetBoolean();
        context.Response.ContentType = streams ? "text/event-stream" : "application/json";
        await context.Response.WriteAsync(streams ? Streamed(reply) : Whole(reply).ToJsonString(), cancellationToken);
    }

    private static (int Status, string? Words) Refusal(JsonElement body)
    {
        if (body.GetProperty("model").GetString()!.EndsWith("-that-does-not-exist", StringComparison.Ordinal))
        {
            return (404, "model: not found");
        }

        List<JsonElement> messages = [.. body.GetProperty("messages").EnumerateArray()];
        var words = !body.TryGetProperty("max_tokens", out _) ? "max_tokens: Field required"
            : messages.Exists(message => Role(message) is not ("user" or "assistant")) ? "messages: Unexpected role"
            : Role(messages[0]) != "user" ? "messages: first message must use the \"user\" role"
            : messages.SelectMany(Blocks).Any(IsEmptyText) ? "messages: text content blocks must be non-empty"
            : Marks(body) > 4 ? "A maximum of 4 blocks with cache_control may be provided."
            : UnansweredCall(messages);
        return (400, words);
    }

    private static string? UnansweredCall(List<JsonElement> messages)
    {
        HashSet<string> seen = [];
        foreach (var (index, message) in messages.Index())
        {
            List<JsonElement> uses = [.. Blocks(message).Where(block => Kind(block) == "tool_use")];
            List<string> ids = [.. uses.Select(use => use.GetProperty("id").GetString()!)];
            if (uses.Exists(use => use.GetProperty("input").ValueKind != JsonValueKind.Object))
            {
                return "tool_use.input: Input should be a valid dictionary";
            }

            if (uses.Exists(use => !IsName(use.GetProperty("name").GetString()!)))
            {
                return "tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'";
            }

            if (ids.Exists(id => !IsName(id)) || ids.Exists(id => !seen.Add(id)))
            {
                return "tool_use ids must be unique and match pattern '^[a-zA-Z0-9_-]+$'";
            }

            // Messages of one role in a row count as one.
            List<string> answers = [.. messages.Skip(index + 1)
                .TakeWhile(next => Role(next) != Role(message))
                .SelectMany(Blocks)
                .TakeWhile(block => Kind(block) == "tool_result")
                .Select(block => block.GetProperty("tool_use_id").GetString()!)];
            if (!ids.Order().SequenceEqual(answers.Order()))
            {
                return "tool_use ids were found without tool_result blocks immediately after";
            }
        }

        return null;
    }

    private static bool IsName(string text) => text.Length is > 0 and <= 128 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    private static bool IsEmptyText(JsonElement block) => Kind(block) == "text" && string.IsNullOrWhiteSpace(block.GetProperty("text").GetString());

    private static int Marks(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().Sum(property => property.Name == "cache_control" ? 1 : Marks(property.Value)),
        JsonValueKind.Array => element.EnumerateArray().Sum(Marks),
        _ => 0,
    };

    private static string Role(JsonElement message) => message.GetProperty("role").GetString()!;

    private static string Kind(JsonElement block) => block.GetProperty("type").GetString()!;

    private static List<JsonElement> Blocks(JsonElement message)
    {
        var content = message.GetProperty("content");
        return content.ValueKind == JsonValueKind.String
            ? [JsonSerializer.SerializeToElement(new { type = "text", text = content.GetString() })]
            : [.. content.EnumerateArray()];
    }

    /// <summary>The request in the words of chat completions.</summary>
    private static JsonObject AsChat(JsonElement body)
    {
        var messages = new JsonArray();
        if (body.TryGetProperty("system", out var system))
        {
            messages.Add(new JsonObject { ["role"] = "system", ["content"] = TextOf(system) });
        }

        foreach (var message in body.GetProperty("messages").EnumerateArray())
        {
            foreach (var block in Blocks(message).Where(block => Kind(block) == "tool_result"))
            {
                messages.Add(new JsonObject { ["role"] = "tool", ["content"] = TextOf(block.GetProperty("content")) });
            }

            if (Blocks(message).Exists(block => Kind(block) != "tool_result"))
            {
                messages.Add(new JsonObject { ["role"] = Role(message), ["content"] = TextOf(message.GetProperty("content")) });
            }
        }

        var chat = new JsonObject
        {
            ["model"] = body.GetProperty("model").GetString(),
            ["max_tokens"] = body.GetProperty("max_tokens").GetInt32(),
            ["messages"] = messages,
        };
        if (body.TryGetProperty("tools", out var tools))
        {
            chat["tools"] = new JsonArray([.. tools.EnumerateArray().Select(tool =>
                new JsonObject { ["function"] = new JsonObject { ["name"] = tool.GetProperty("name").GetString() } })]);
        }

        return chat;
    }

    private static string TextOf(JsonElement content) => content.ValueKind == JsonValueKind.String
        ? content.GetString()!
        : string.Join('\n', content.EnumerateArray().Where(block => Kind(block) == "text").Select(block => block.GetProperty("text").GetString()));

    private static JsonObject Whole(ModelReply reply)
    {
        var content = new JsonArray();
        if (reply.Content is { Length: > 0 } text)
        {
            content.Add(new JsonObject { ["type"] = "text", ["text"] = text });
        }

        foreach (var (index, call) in reply.Calls.Index())
        {
            content.Add(new JsonObject
            {
                ["type"] = "tool_use",
                ["id"] = $"toolu_{index}",
                ["name"] = call.Name,
                ["input"] = JsonNode.Parse(call.Arguments.Length == 0 ? "{}" : call.Arguments),
            });
        }

        return Message(content, StopReason(reply), new JsonObject { ["input_tokens"] = 11, ["output_tokens"] = 7 });
    }

    private static JsonObject Message(JsonArray content, string? stopReason, JsonObject usage) => new()
    {
        ["id"] = "msg_1",
        ["type"] = "message",
        ["role"] = "assistant",
        ["model"] = "claude",
        ["content"] = content,
        ["stop_reason"] = stopReason,
        ["stop_sequence"] = null,
        ["usage"] = usage,
    };

    private static string StopReason(ModelReply reply) =>
        reply.Calls.Count > 0 ? "tool_use" : reply.FinishReason == "length" ? "max_tokens" : "end_turn";

    private static string Streamed(ModelReply reply)
    {
        var text = new StringBuilder();
        void Send(JsonObject data) => text.Append(System.Globalization.CultureInfo.InvariantCulture, $"event: {data["type"]}\ndata: {data.ToJsonString()}\n\n");
        Send(new JsonObject { ["type"] = "message_start", ["message"] = Message([], null, new JsonObject { ["input_tokens"] = 11, ["output_tokens"] = 1 }) });
        foreach (var (index, block) in ((JsonArray)Whole(reply)["content"]!).Index())
        {
            var isText = (string?)block!["type"] == "text";
            var (field, delta) = isText ? ("text", "text_delta") : ("partial_json", "input_json_delta");
            var whole = isText ? (string)block["text"]! : reply.Calls.Count > 0 ? reply.Calls[index - (reply.Content is { Length: > 0 } ? 1 : 0)].Arguments : "";
            var opening = (JsonObject)block.DeepClone();
            opening[isText ? "text" : "input"] = isText ? "" : new JsonObject();
            Send(new JsonObject { ["type"] = "content_block_start", ["index"] = index, ["content_block"] = opening });
            foreach (var piece in whole.Chunk(7))
            {
                Send(new JsonObject
                {
                    ["type"] = "content_block_delta",
                    ["index"] = index,
                    ["delta"] = new JsonObject { ["type"] = delta, [field] = new string(piece) },
                });
            }

            Send(new JsonObject { ["type"] = "content_block_stop", ["index"] = index });
        }

        Send(new JsonObject
        {
            ["type"] = "message_delta",
            ["delta"] = new JsonObject { ["stop_reason"] = StopReason(reply), ["stop_sequence"] = null },
            ["usage"] = new JsonObject { ["output_tokens"] = 7 },
        });
        Send(new JsonObject { ["type"] = "message_stop" });
        return text.ToString();
    }
}
