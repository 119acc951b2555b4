using System.Text.Json.Nodes;
using Yggdrasil.Agents;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>Runs as responses.</summary>
internal static class ResponseDocuments
{
    /// <param name="output">The items so far.</param>
    /// <param name="status">In place of the run's own, for the events before its end.</param>
    public static JsonObject Of(Run run, JsonArray output, string? status = null)
    {
        status ??= StatusOf(run);
        var isOver = run.IsTerminal && status is not ("queued" or "in_progress");
        return new JsonObject
        {
            ["id"] = ResponseItems.ResponseId(run.Id),
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
            ["previous_response_id"] = run.ForkedFrom is { } source ? ResponseItems.ResponseId(source) : null,
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
            ["tool_choice"] = ContractJson.Name(run.Agent.ToolChoice ?? ToolChoice.Auto),
            ["tools"] = new JsonArray(),
            ["top_p"] = null,
            ["truncation"] = "disabled",
            ["usage"] = isOver ? Usage(run) : null,
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

    private static JsonObject Usage(Run run) => new()
    {
        ["input_tokens"] = run.Usage.InputTokens,
        ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = run.Usage.CachedInputTokens ?? 0 },
        ["output_tokens"] = run.Usage.OutputTokens,
        ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = run.Usage.ReasoningTokens ?? 0 },
        ["total_tokens"] = run.Usage.TotalTokens,
    };
}
