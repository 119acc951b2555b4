using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Conformance.Tests;

/// <summary>
/// Ollama's chat API (docs.ollama.com/api/chat), answered by <see cref="ObedientModel"/>. As the real one it cuts a prompt that is longer
/// than <c>num_ctx</c> from its beginning, without a word.
/// </summary>
internal static class OllamaRuleServer
{
    /// <summary>What Ollama takes where a request names none (docs.ollama.com/faq).</summary>
    private const int DefaultContext = 4096;

    private const int CharactersPerToken = 4;

    public static Task<LoopbackServer> StartAsync() => LoopbackServer.StartAsync(HandleAsync);

    private static async Task HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (context.Request.Path.Value != "/api/chat")
        {
            context.Response.StatusCode = 404;
            return;
        }

        using var request = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: cancellationToken);
        var body = request.RootElement;
        if (Refusal(body) is { } refusal)
        {
            context.Response.StatusCode = refusal.Status;
            await context.Response.WriteAsJsonAsync(new { error = refusal.Words }, cancellationToken);
            return;
        }

        var reply = ObedientModel.Answer(new ModelRequest(1, "/api/chat", new Dictionary<string, string>(), AsChat(body).ToJsonString()));
        var streams = !body.TryGetProperty("stream", out var stream) || stream.GetBoolean();
        context.Response.ContentType = streams ? "application/x-ndjson" : "application/json";
        if (streams)
        {
            foreach (var piece in (reply.Content ?? "").Chunk(7))
            {
                await context.Response.WriteAsync(Line(new JsonObject { ["role"] = "assistant", ["content"] = new string(piece) }, end: null), cancellationToken);
            }
        }

        var last = new JsonObject { ["role"] = "assistant", ["content"] = streams ? "" : reply.Content ?? "" };
        if (reply.Calls.Count > 0)
        {
            last["tool_calls"] = new JsonArray([.. reply.Calls.Select(call => new JsonObject
            {
                ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = JsonNode.Parse(call.Arguments.Length == 0 ? "{}" : call.Arguments) },
            })]);
        }

        await context.Response.WriteAsync(Line(last, reply.FinishReason ?? "stop"), cancellationToken);
    }

    private static (int Status, string Words)? Refusal(JsonElement body)
    {
        if (body.GetProperty("model").GetString()!.EndsWith("-that-does-not-exist", StringComparison.Ordinal))
        {
            return (404, "model not found, try pulling it first");
        }

        foreach (var message in body.GetProperty("messages").EnumerateArray())
        {
            if (message.GetProperty("role").GetString() is not ("system" or "user" or "assistant" or "tool"))
            {
                return (400, "invalid role");
            }

            if (message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array
                && calls.EnumerateArray().Any(call => call.GetProperty("function").GetProperty("arguments").ValueKind != JsonValueKind.Object))
            {
                return (400, "json: cannot unmarshal string into Go struct field ChatRequest.messages.tool_calls.function.arguments");
            }
        }

        return null;
    }

    private static JsonObject AsChat(JsonElement body)
    {
        body.TryGetProperty("options", out var options);
        var context = Option(options, "num_ctx") ?? DefaultContext;
        List<JsonElement> kept = [.. body.GetProperty("messages").EnumerateArray()];
        while (kept.Count > 1 && kept.Sum(message => Content(message).Length) / CharactersPerToken > context)
        {
            kept.RemoveAt(0);
        }

        var chat = new JsonObject
        {
            ["model"] = body.GetProperty("model").GetString(),
            ["max_tokens"] = Option(options, "num_predict") ?? int.MaxValue,
            ["messages"] = new JsonArray([.. kept.Select(message => new JsonObject
            {
                ["role"] = message.GetProperty("role").GetString(),
                ["content"] = Content(message),
            })]),
        };
        if (body.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array)
        {
            chat["tools"] = JsonNode.Parse(tools.GetRawText());
        }

        return chat;
    }

    private static string Content(JsonElement message) =>
        message.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String ? content.GetString()! : "";

    private static int? Option(JsonElement options, string name) =>
        options.ValueKind == JsonValueKind.Object && options.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : null;

    private static string Line(JsonObject message, string? end)
    {
        var line = new JsonObject { ["model"] = "llama", ["created_at"] = "2026-01-01T00:00:00Z", ["message"] = message, ["done"] = end is not null };
        if (end is not null)
        {
            (line["done_reason"], line["prompt_eval_count"], line["eval_count"]) = (end, 11, 7);
        }

        return line.ToJsonString() + "\n";
    }
}
