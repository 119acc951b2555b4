using System.Text.Json;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Runs.Approvals;

namespace Yggdrasil.Functions.Http.Runs;

/// <summary>Reads the body of a decision about a tool call.</summary>
internal static class ApprovalRequest
{
    private const int MaxReasonBytes = 4 * 1024;
    private const int MaxHashLength = 128;

    /// <exception cref="InvalidRequestException">The body is no decision; every mistake is named.</exception>
    public static Decision Parse(ReadOnlyMemory<byte> body)
    {
        var fields = new JsonFields(RequestBody.ParseObject(body), new FieldErrors());
        var outcome = fields.String("decision");
        var hash = fields.String("argumentsHash");
        var reason = fields.String("reason", MaxReasonBytes);
        var arguments = fields.Object("arguments");
        fields.Errors.Require(outcome is "approve" or "deny", "decision", "Is required: approve or deny.");
        fields.Errors.Require(hash is { Length: > 0 and <= MaxHashLength }, "argumentsHash", "Is required: the argumentsHash of the pending call.");
        fields.Errors.Require(arguments is null || outcome == "approve", "arguments", "Only an approval can replace them.");
        fields.RejectOthers();
        fields.Errors.ThrowIfAny();
        return new Decision(outcome == "approve" ? ApprovalOutcome.Approve : ApprovalOutcome.Deny, hash!, reason, arguments);
    }
}

/// <summary>A call that waits for the caller's decision.</summary>
/// <param name="Owner">The user whose run it is.</param>
internal sealed record ApprovalDocument(
    string RunId,
    string Agent,
    string Owner,
    string CallId,
    string Tool,
    JsonElement Arguments,
    string ArgumentsHash,
    DateTimeOffset ExpiresAt,
    ApprovalLinks Links)
{
    public static ApprovalDocument From(AwaitedApproval awaited) => new(
        awaited.RunId,
        awaited.AgentId,
        awaited.Owner.User,
        awaited.Call.CallId,
        awaited.Call.Tool,
        awaited.Call.Arguments,
        awaited.Call.ArgumentsHash,
        awaited.Call.ExpiresAt,
        new ApprovalLinks($"/api/runs/{awaited.RunId}/approvals/{awaited.Call.CallId}"));
}

internal sealed record ApprovalLinks(string Decide);
