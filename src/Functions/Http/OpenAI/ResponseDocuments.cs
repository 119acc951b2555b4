using System.Text.Json.Nodes;
using Yggdrasil.Agents;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Segments;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>Runs as responses.</summary>
internal static class ResponseDocuments
{
    /// <summary>The part of a run that was read.</summary>
    public static JsonObject Of(SegmentReading read)
    {
        var output = ResponseItems.Of(read.Run.Id, read.Steps);
        return read.End is { } end
            ? Of(read.Run, output, "completed", read.Segment, end.Tokens, read.HasNext)
            : Of(read.Run, output, status: null, read.Segment, read.Rest);
    }

    /// <param name="output">The items so far.</param>
    /// <param name="status">In place of the run's own, for what comes before its end.</param>
    /// <param name="segment">The part of the run that is told of.</param>
    /// <param name="tokens">What this part has used; null for all of the run's.</param>
    /// <param name="hasNext">The run has gone on since.</param>
    public static JsonObject Of(
        Run run, JsonArray output, string? status = null, int segment = 1, SegmentTokens? tokens = null, bool hasNext = false)
    {
        status ??= StatusOf(run);
        var isOver = status is not ("queued" or "in_progress");
        return new JsonObject
        {
            ["id"] = ResponseItems.ResponseId(run.Id, segment),
            ["object"] = "response",
            ["created_at"] = run.CreatedAt.ToUnixTimeSeconds(),
            ["completed_at"] = isOver && status == "completed" ? run.CompletedAt?.ToUnixTimeSeconds() : null,
            ["status"] = status,
            ["background"] = false,
            ["error"] = isOver && status == "failed" ? Error(run) : null,
            ["incomplete_details"] = isOver && status == "incomplete" ? new JsonObject { ["reason"] = ReasonOf(run) } : null,
            ["instructions"] = null,
            ["max_output_tokens"] = run.Agent.MaxOutputTokens,
            ["max_tool_calls"] = run.Agent.MaxToolCalls,
            ["model"] = run.AgentId,
            ["output"] = output,
            ["parallel_tool_calls"] = true,
            ["previous_response_id"] = segment > 1 ? ResponseItems.ResponseId(run.Id, segment - 1)
                : run.ForkedFrom is { } source ? ResponseItems.ResponseId(source) : null,
            ["next_response_id"] = hasNext ? ResponseItems.ResponseId(run.Id, segment + 1) : null,
            ["conversation"] = run.ConversationId is { } conversation ? new JsonObject { ["id"] = conversation } : null,
            ["reasoning"] = new JsonObject { ["effort"] = run.Agent.ReasoningEffort is { } effort ? ContractJson.Name(effort) : null, ["summary"] = null },
            ["service_tier"] = "default",
            ["store"] = true,
            ["temperature"] = run.Agent.Temperature,
            ["text"] = new JsonObject
            {
                ["format"] = run.Agent.ResponseSchema is { } schema
                    ? new JsonObject { ["type"] = "json_schema", ["name"] = "answer", ["schema"] = JsonNode.Parse(schema.GetRawText()), ["strict"] = true }
                    : new JsonObject { ["type"] = "text" },
            },
            ["tool_choice"] = run.Agent.RequiredTool is { } tool
                ? new JsonObject { ["type"] = "function", ["name"] = tool }
                : ContractJson.Name(run.Agent.ToolChoice ?? ToolChoice.Auto),
            ["tools"] = OpenAITools.Of(run),
            ["top_p"] = run.Agent.TopP,
            ["truncation"] = "disabled",
            ["usage"] = !isOver ? null : tokens is { } used ? Usage(used) : Usage(SegmentTokens.Of(run)),
            ["user"] = null,
            ["metadata"] = new JsonObject(run.Metadata.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        };
    }

    public static string StatusOf(Run run) => run switch
    {
        { Status: RunStatus.Queued } => "queued",
        { IsTerminal: false } => "in_progress",
        { Status: RunStatus.Cancelled } => "cancelled",
        { StopReason: StopReason.MaxTurns or StopReason.MaxToolCalls or StopReason.MaxOutputTokens or StopReason.ContentFilter } => "incomplete",
        { Status: RunStatus.Completed } or { StopReason: StopReason.Refused } => "completed",
        _ => "failed",
    };

    private static string ReasonOf(Run run) => run.StopReason switch
    {
        StopReason.MaxOutputTokens => "max_output_tokens",
        StopReason.ContentFilter => "content_filter",
        { } reason => ContractJson.Name(reason),
        null => "",
    };

    private static JsonObject Error(Run run) => new()
    {
        ["code"] = run.StopReason switch
        {
            StopReason.Quota => "insufficient_quota",
            StopReason.Deadline or StopReason.ApprovalExpired => "deadline_exceeded",
            _ => "server_error",
        },
        ["message"] = run.Error?.Message ?? "The run did not end in time.",
    };

    private static JsonObject Usage(SegmentTokens used) => new()
    {
        ["input_tokens"] = used.Input,
        ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = used.Cached },
        ["output_tokens"] = used.Output,
        ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = used.Reasoning },
        ["total_tokens"] = used.Input + used.Output,
    };
}
