using System.Text.Json;
using Yggdrasil.Client.Sending;

namespace Yggdrasil.Client;

/// <summary>Calls of tools that wait for a person.</summary>
public sealed class ApprovalsClient
{
    private readonly Transport _transport;

    internal ApprovalsClient(Transport transport) => _transport = transport;

    /// <summary>The calls that wait for this caller's decision, in whosever runs.</summary>
    public IAsyncEnumerable<Approval> ListAsync() => Pages.ReadAsync(_transport, "api/approvals", ClientJson.Default.PageApproval);

    /// <summary>Approves a call. The same decision again is accepted; another one after the first is 409.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="callId">The call.</param>
    /// <param name="argumentsHash">As the pending approval has it: what is decided about.</param>
    /// <param name="arguments">Replaces what the model wants to call it with; null leaves that.</param>
    /// <param name="reason">Why, for the record.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public Task ApproveAsync(
        string runId, string callId, string argumentsHash, JsonElement? arguments = null, string? reason = null, CancellationToken cancellationToken = default) =>
        DecideAsync(runId, callId, new ApprovalDecision(ApprovalOutcome.Approve, argumentsHash, reason, arguments), cancellationToken);

    /// <summary>Denies a call; the model is told why, and the run goes on.</summary>
    public Task DenyAsync(string runId, string callId, string argumentsHash, string? reason = null, CancellationToken cancellationToken = default) =>
        DecideAsync(runId, callId, new ApprovalDecision(ApprovalOutcome.Deny, argumentsHash, reason, null), cancellationToken);

    private Task DecideAsync(string runId, string callId, ApprovalDecision decision, CancellationToken cancellationToken) => _transport.SendAsync(
        ApiRequest.Post(
            $"api/runs/{ApiRequest.Segment(runId, nameof(runId))}/approvals/{ApiRequest.Segment(callId, nameof(callId))}",
            JsonSerializer.SerializeToUtf8Bytes(decision, ClientJson.Default.ApprovalDecision)),
        cancellationToken);
}
