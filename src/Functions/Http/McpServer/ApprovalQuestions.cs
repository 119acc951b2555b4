using System.Text.Json.Nodes;
using ModelContextProtocol;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>Calls that wait for approval, as questions that a client puts to its user in a form.</summary>
/// <remarks>
/// The key of a question is the call's id and the hash of its arguments, so a decision is about what was shown: where it has been changed
/// since, the decision is refused.
/// </remarks>
internal static class ApprovalQuestions
{
    private const char Separator = ':';
    private const int MaxShown = 2000;
    private const int MaxReason = 4 * 1024;

    /// <summary>More calls than one turn can hold.</summary>
    private const int MaxAnswers = 1000;

    public static JsonObject Of(Run run)
    {
        var questions = new JsonObject();
        foreach (var pending in run.PendingApprovals)
        {
            questions[$"{pending.CallId}{Separator}{pending.ArgumentsHash}"] = new JsonObject
            {
                ["method"] = "elicitation/create",
                ["params"] = Form(run, pending),
            };
        }

        return questions;
    }

    /// <summary>The decisions among what a client sends back; what is no answer to a question of this kind is passed over (SEP-2663).</summary>
    /// <exception cref="McpProtocolException">An answer is not in the form that was asked for.</exception>
    public static IReadOnlyList<(string CallId, Decision Decision)> Read(JsonNode? responses)
    {
        if (responses is not JsonObject answers || answers.Count > MaxAnswers)
        {
            throw new McpProtocolException("inputResponses is required: an object with an answer for each key of inputRequests.", McpErrorCode.InvalidParams);
        }

        List<(string, Decision)> decisions = [];
        foreach (var (key, answer) in answers)
        {
            var parts = key.Split(Separator);
            if (parts is [var callId, { Length: > 0 } hash] && Ids.IsValid(callId) && ReadAnswer(key, answer, hash) is { } decision)
            {
                decisions.Add((callId, decision));
            }
        }

        return decisions;
    }

    private static Decision? ReadAnswer(string key, JsonNode? answer, string hash) => Text(answer, "action") switch
    {
        "accept" when (answer as JsonObject)?["content"] is JsonObject content => Text(content, "decision") switch
        {
            "approve" => new Decision(ApprovalOutcome.Approve, hash, ReadReason(key, content)),
            "deny" => new Decision(ApprovalOutcome.Deny, hash, ReadReason(key, content)),
            _ => throw Wrong(key, "content.decision must be approve or deny."),
        },
        "decline" => new Decision(ApprovalOutcome.Deny, hash),

        // Dismissed without a choice: it goes on waiting.
        "cancel" => null,
        _ => throw Wrong(key, "action must be accept, with content, or decline or cancel."),
    };

    private static string? ReadReason(string key, JsonObject content) =>
        Text(content, "reason") is not { Length: > 0 } reason ? null
        : reason.Length <= MaxReason ? reason
        : throw Wrong(key, $"content.reason may have {MaxReason} characters.");

    private static JsonObject Form(Run run, PendingApproval pending)
    {
        var arguments = pending.Arguments.GetRawText();
        var shown = arguments.Length > MaxShown ? $"{arguments[..MaxShown]}…" : arguments;
        return new JsonObject
        {
            ["mode"] = "form",
            ["message"] = $"The agent {run.AgentId} wants to call {pending.Tool} with {shown}",
            ["requestedSchema"] = new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject
                {
                    ["decision"] = new JsonObject { ["type"] = "string", ["title"] = "Decision", ["enum"] = new JsonArray("approve", "deny") },
                    ["reason"] = new JsonObject { ["type"] = "string", ["title"] = "Reason, which the agent is told", ["maxLength"] = MaxReason },
                },
                ["required"] = new JsonArray("decision"),
            },
        };
    }

    private static string? Text(JsonNode? node, string name) =>
        node is JsonObject fields && fields[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static McpProtocolException Wrong(string key, string what) => new($"inputResponses[\"{key}\"]: {what}", McpErrorCode.InvalidParams);
}
