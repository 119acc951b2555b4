using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Yggdrasil.Fixtures;

/// <summary>Writes a <see cref="ModelReply"/> in OpenAI's wire format, whole or as server-sent events.</summary>
internal static class ModelReplyWriter
{
    public static async Task WriteAsync(
        HttpContext context, ModelRequest request, ModelReply reply, CancellationToken cancellationToken)
    {
        if (reply.Gate is not null)
        {
            await reply.Gate.WaitAsync(cancellationToken);
        }

        if (reply.Latency > TimeSpan.Zero)
        {
            await Task.Delay(reply.Latency, cancellationToken);
        }

        if (reply.Fault == ConnectionFault.BeforeAnswer)
        {
            context.Abort();
            return;
        }

        var streams = request.Stream && reply.Body is null;
        context.Response.StatusCode = reply.StatusCode;
        context.Response.ContentType = streams ? "text/event-stream" : reply.ContentType;
        if (reply.RetryAfter is { } retryAfter)
        {
            context.Response.Headers.RetryAfter =
                ((int)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        foreach (var (name, value) in reply.Headers)
        {
            context.Response.Headers[name] = value;
        }

        IReadOnlyList<string> parts = streams
            ? [.. Chunks(request, reply).Select(chunk => $"data: {chunk}\n\n"), "data: [DONE]\n\n"]
            : Halves(reply.Body ?? Completion(request, reply).ToJsonString());
        await WritePartsAsync(context, reply, parts, cancellationToken);
    }

    private static async Task WritePartsAsync(
        HttpContext context, ModelReply reply, IReadOnlyList<string> parts, CancellationToken cancellationToken)
    {
        for (var index = 0; index < parts.Count; index++)
        {
            if (index == (parts.Count + 1) / 2)
            {
                if (reply.MidStreamGate is not null)
                {
                    await reply.MidStreamGate.WaitAsync(cancellationToken);
                }

                if (reply.Fault == ConnectionFault.MidBody)
                {
                    context.Abort();
                    return;
                }

                if (reply.Fault == ConnectionFault.EarlyEnd)
                {
                    return;
                }
            }

            await context.Response.WriteAsync(parts[index], cancellationToken);
            await context.Response.Body.FlushAsync(cancellationToken);
        }
    }

    private static string[] Halves(string body) => [body[..(body.Length / 2)], body[(body.Length / 2)..]];

    private static JsonObject Completion(ModelRequest request, ModelReply reply)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = reply.Content };
        if (reply.Refusal is not null)
        {
            message["refusal"] = reply.Refusal;
        }

        if (reply.Calls.Count > 0)
        {
            message["tool_calls"] = new JsonArray([.. reply.Calls.Select((call, index) => Call(request, reply, call, index))]);
        }

        if (reply.Reasoning is not null)
        {
            message["reasoning_content"] = reply.Reasoning;
        }

        var choice = new JsonObject { ["index"] = 0, ["message"] = message, ["finish_reason"] = FinishReason(reply) };
        var completion = Envelope(request, "chat.completion", [choice]);
        if (reply.ReportsUsage)
        {
            completion["usage"] = Usage(reply);
        }

        return completion;
    }

    private static IEnumerable<string> Chunks(ModelRequest request, ModelReply reply)
    {
        yield return Chunk(request, new JsonObject { ["role"] = "assistant", ["content"] = "" });
        foreach (var thought in Words(reply.Reasoning ?? ""))
        {
            yield return Chunk(request, new JsonObject { ["reasoning_content"] = thought });
        }

        foreach (var word in Words(reply.Content ?? ""))
        {
            yield return Chunk(request, new JsonObject { ["content"] = word });
        }

        foreach (var word in Words(reply.Refusal ?? ""))
        {
            yield return Chunk(request, new JsonObject { ["refusal"] = word });
        }

        foreach (var (index, call) in reply.Calls.Index())
        {
            // As the real service streams it: the name first, then the arguments in pieces.
            var half = call.Arguments.Length / 2;
            var opening = Call(request, reply, call with { Arguments = call.Arguments[..half] }, index);
            opening["index"] = index;
            yield return Chunk(request, new JsonObject { ["tool_calls"] = new JsonArray(opening) });
            var rest = new JsonObject
            {
                ["index"] = index,
                ["function"] = new JsonObject { ["arguments"] = call.Arguments[half..] },
            };
            yield return Chunk(request, new JsonObject { ["tool_calls"] = new JsonArray(rest) });
        }

        yield return Chunk(request, [], FinishReason(reply));
        if (!reply.ReportsUsage)
        {
            yield break;
        }

        var usage = Envelope(request, "chat.completion.chunk", []);
        usage["usage"] = Usage(reply);
        yield return usage.ToJsonString();
    }

    private static string Chunk(ModelRequest request, JsonObject delta, string? finishReason = null) =>
        Envelope(
            request,
            "chat.completion.chunk",
            [new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finishReason }]).ToJsonString();

    private static JsonObject Envelope(ModelRequest request, string kind, JsonArray choices) => new()
    {
        ["id"] = $"chatcmpl-{request.Number}",
        ["object"] = kind,
        ["created"] = 1_700_000_000,
        ["model"] = request.Model,
        ["choices"] = choices,
    };

    private static JsonObject Call(ModelRequest request, ModelReply reply, ScriptedToolCall call, int index)
    {
        var written = new JsonObject
        {
            ["id"] = call.Id ?? $"call_{request.Number}_{index}",
            ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments },
        };
        if (index == 0 && reply.CallExtra is { } extra)
        {
            written["extra_content"] = JsonNode.Parse(extra);
        }

        return written;
    }

    private static JsonObject Usage(ModelReply reply)
    {
        var usage = new JsonObject
        {
            ["prompt_tokens"] = reply.InputTokens,
            ["completion_tokens"] = reply.OutputTokens,
            ["total_tokens"] = reply.InputTokens + reply.OutputTokens,
        };
        if (reply.CachedInputTokens is { } cached)
        {
            usage["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = cached };
        }

        if (reply.CacheWriteTokens is { } written)
        {
            ((usage["prompt_tokens_details"] ??= new JsonObject()).AsObject())["cache_write_tokens"] = written;
        }

        if (reply.ReasoningTokens is { } reasoning)
        {
            usage["completion_tokens_details"] = new JsonObject { ["reasoning_tokens"] = reasoning };
        }

        return usage;
    }

    private static string FinishReason(ModelReply reply) =>
        reply.FinishReason ?? (reply.Calls.Count > 0 ? "tool_calls" : "stop");

    private static IEnumerable<string> Words(string text)
    {
        var start = 0;
        while (start < text.Length)
        {
            var space = text.IndexOf(' ', start);
            var end = space < 0 ? text.Length : space + 1;
            yield return text[start..end];
            start = end;
        }
    }
}
