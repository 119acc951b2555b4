using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;
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

    /// <summary>What the ids of a run's items have in common.</summary>
    public static string Suffix(string runId) => runId[RunPrefix.Length..];

    public static string ResponseId(string runId) => ResponsePrefix + Suffix(runId);

    /// <summary>The run of a response; null for what is no response's id.</summary>
    public static string? RunOf(string responseId) =>
        responseId.StartsWith(ResponsePrefix, StringComparison.Ordinal) ? RunPrefix + responseId[ResponsePrefix.Length..] : null;

    public static string MessageId(string runId, int turn) => $"msg_{Suffix(runId)}_t{turn}";

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
    public static JsonObject Call(string runId, string callId, FunctionCallContent call, JournalEntry? result)
    {
        var output = result?.Messages.SelectMany(message => message.Contents).OfType<FunctionResultContent>().FirstOrDefault()?.Result?.ToString();
        var hasFailed = result is { Status: not StepStatus.Completed };
        return new JsonObject
        {
            ["id"] = $"mcp_{Suffix(runId)}_{callId}",
            ["type"] = "mcp_call",
            ["status"] = result is null ? "in_progress" : hasFailed ? "failed" : "completed",
            ["server_label"] = ServerLabel,
            ["name"] = call.Name,
            ["arguments"] = Arguments(call),
            ["output"] = hasFailed ? null : output,
            ["error"] = hasFailed ? new JsonObject { ["type"] = "mcp_tool_execution_error", ["content"] = output ?? "" } : null,
            ["approval_request_id"] = null,
        };
    }

    public static string Arguments(FunctionCallContent call) => JsonSerializer.Serialize(call.Arguments ?? new Dictionary<string, object?>(), JsonSerializerOptions.Web);

    /// <summary>A run's own items, in order.</summary>
    public static JsonArray Of(Run run, IReadOnlyList<JournalEntry> entries)
    {
        var own = entries.Where(entry => !entry.Inherited).ToList();
        var results = own.Where(entry => entry.Kind == EntryKind.Tool).ToDictionary(entry => entry.CallId!);
        JsonArray items = [];
        foreach (var answer in own.Where(entry => entry is { Kind: EntryKind.Model, Messages.Count: > 0 }))
        {
            if (answer.Text() is { Length: > 0 } text)
            {
                items.Add(Message(run.Id, answer.Turn, text));
            }

            foreach (var (index, call) in answer.ToolCalls().Index())
            {
                var callId = Ids.ToolCall(answer.Turn, index);
                items.Add(Call(run.Id, callId, call, results.GetValueOrDefault(callId)));
            }
        }

        return items;
    }

    /// <summary>What the run was asked.</summary>
    public static IEnumerable<JsonObject> Input(Run run) => (run.Input ?? []).Index().Select(item => new JsonObject
    {
        ["id"] = $"msg_{Suffix(run.Id)}_i{item.Index}",
        ["type"] = "message",
        ["status"] = "completed",
        ["role"] = item.Item.Role.Value,
        ["content"] = new JsonArray(item.Item.Role == ChatRole.Assistant
            ? Text(item.Item.Text)
            : new JsonObject { ["type"] = "input_text", ["text"] = item.Item.Text }),
    });
}
