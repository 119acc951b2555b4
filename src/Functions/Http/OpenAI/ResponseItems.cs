using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Yggdrasil.Functions.Http.Segments;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>The items of a response, each made of entries of a run's journal. Their ids lead back to the run and the turn.</summary>
internal static class ResponseItems
{
    /// <summary>Whose the agent's own tools are said to be: clients would take a <c>function_call</c> for theirs to make.</summary>
    public const string ServerLabel = "yggdrasil";

    private const string RunPrefix = "run_";
    private const string ResponsePrefix = "resp_";

    /// <param name="segment">The part of the run that the response tells of, from 1.</param>
    public static string ResponseId(string runId, int segment = 1) =>
        ResponsePrefix + ItemId.Suffix(runId) + (segment == 1 ? "" : FormattableString.Invariant($"_{segment}"));

    /// <summary>The run of a response, and which part of it; null for what is no response's id.</summary>
    public static (string RunId, int Segment)? RunOf(string responseId)
    {
        if (!responseId.StartsWith(ResponsePrefix, StringComparison.Ordinal))
        {
            return null;
        }

        var rest = responseId[ResponsePrefix.Length..];
        return rest.Split('_') is [var run, var number]
            ? int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var segment) && segment > 1 ? (RunPrefix + run, segment) : null
            : (RunPrefix + rest, 1);
    }

    public static string MessageId(string runId, int turn) => $"msg_{ItemId.Suffix(runId)}_t{turn}";

    public static JsonObject Message(string runId, int turn, string? text, string status = "completed") => new()
    {
        ["id"] = MessageId(runId, turn),
        ["type"] = "message",
        ["status"] = status,
        ["role"] = "assistant",
        ["content"] = text is null ? new JsonArray() : [Text(text)],
    };

    public static JsonObject Text(string text) => new()
    {
        ["type"] = "output_text", ["text"] = text, ["annotations"] = new JsonArray(), ["logprobs"] = new JsonArray(),
    };

    /// <param name="result">The entry of what the call came to; null while that is not known.</param>
    public static JsonObject Call(string runId, string callId, FunctionCallContent call, JournalEntry? result, bool wasAsked = false)
    {
        var output = result?.Result();
        var hasFailed = result is { Status: not StepStatus.Completed };
        return new JsonObject
        {
            ["id"] = $"mcp_{ItemId.Suffix(runId)}_{callId}",
            ["type"] = "mcp_call",
            ["status"] = result is null ? "in_progress" : hasFailed ? "failed" : "completed",
            ["server_label"] = ServerLabel,
            ["name"] = call.Name,
            ["arguments"] = Arguments(call),
            ["output"] = hasFailed ? null : output,
            ["error"] = hasFailed ? new JsonObject { ["type"] = "mcp_tool_execution_error", ["content"] = output ?? "" } : null,
            ["approval_request_id"] = wasAsked ? ItemId.ApprovalOf(runId, callId) : null,
        };
    }

    public static string Arguments(FunctionCallContent call) => JsonSerializer.Serialize(call.Arguments ?? new Dictionary<string, object?>(), JsonSerializerOptions.Web);

    /// <summary>A call that the caller is to make.</summary>
    public static JsonObject ClientCall(string runId, string callId, FunctionCallContent call) => new()
    {
        ["id"] = $"fc_{ItemId.Suffix(runId)}_{callId}",
        ["type"] = "function_call",
        ["status"] = "completed",
        ["call_id"] = ItemId.CallOf(runId, callId),
        ["name"] = call.Name,
        ["arguments"] = Arguments(call),
    };

    /// <summary>A call that the caller is to decide about.</summary>
    public static JsonObject ApprovalRequest(string runId, string callId, FunctionCallContent call) => new()
    {
        ["id"] = ItemId.ApprovalOf(runId, callId),
        ["type"] = "mcp_approval_request",
        ["server_label"] = ServerLabel,
        ["name"] = call.Name,
        ["arguments"] = Arguments(call),
    };

    /// <summary>The items of a segment, in order.</summary>
    public static JsonArray Of(string runId, IReadOnlyList<OutlineStep> steps)
    {
        var results = steps.Where(step => step.Kind == OutlineKind.Result).ToDictionary(step => step.CallId!, step => step.Entry);
        JsonArray items = [];
        foreach (var step in steps)
        {
            JsonObject? item = step.Kind switch
            {
                OutlineKind.Answer when step.Entry.Text() is { Length: > 0 } text => Message(runId, step.Entry.Turn, text),
                OutlineKind.Call => Call(runId, step.CallId!, step.Call!, results.GetValueOrDefault(step.CallId!)),
                OutlineKind.ClientCall => ClientCall(runId, step.CallId!, step.Call!),
                OutlineKind.ApprovalRequest => ApprovalRequest(runId, step.CallId!, step.Call!),
                _ => null,
            };
            if (item is not null)
            {
                items.Add(item);
            }
        }

        return items;
    }

    /// <summary>What the run was asked.</summary>
    public static IEnumerable<JsonObject> Input(Run run) =>
        (run.Input ?? []).Index().SelectMany(message => Of($"msg_{ItemId.Suffix(run.Id)}_i{message.Index}", message.Item));

    /// <summary>A message that a caller sent, as items.</summary>
    public static IEnumerable<JsonObject> Of(string id, ChatMessage message)
    {
        if (message.Text.Length > 0)
        {
            yield return new JsonObject
            {
                ["id"] = id,
                ["type"] = "message",
                ["status"] = "completed",
                ["role"] = message.Role.Value,
                ["content"] = new JsonArray(message.Role == ChatRole.Assistant
                    ? Text(message.Text)
                    : new JsonObject { ["type"] = "input_text", ["text"] = message.Text }),
            };
        }

        foreach (var (place, content) in message.Contents.Index())
        {
            if (content is FunctionCallContent call)
            {
                yield return new JsonObject
                {
                    ["id"] = $"{id}_{place}", ["type"] = "function_call", ["status"] = "completed", ["call_id"] = call.CallId, ["name"] = call.Name,
                    ["arguments"] = Arguments(call),
                };
            }
            else if (content is FunctionResultContent result)
            {
                yield return new JsonObject
                {
                    ["id"] = $"{id}_{place}", ["type"] = "function_call_output", ["status"] = "completed", ["call_id"] = result.CallId,
                    ["output"] = result.Result?.ToString() ?? "",
                };
            }
        }
    }
}
