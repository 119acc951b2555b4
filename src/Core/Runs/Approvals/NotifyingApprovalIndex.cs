using Yggdrasil.Foundation.Settings;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Approvals;

/// <summary>Leads deciders to calls, and tells the agent's channel of each.</summary>
/// <remarks>
/// The message is handed over before the run says that it waits: after a crash between the two, the next driver asks again, and the same
/// message is sent at most once more. A message about a call that was decided meanwhile is dropped with the row that it is about.
/// </remarks>
internal sealed class NotifyingApprovalIndex(ApprovalIndex index, CallbackOutbox outbox, NotificationOptions options, TimeProvider time) : IApprovalIndex
{
    public async Task AddAsync(Run run, IReadOnlyList<PendingApproval> approvals, CancellationToken cancellationToken)
    {
        await index.AddAsync(run, approvals, cancellationToken);
        if (run.Agent.Notify is not { } name || !options.Channels.TryGetValue(name, out var channel))
        {
            return;
        }

        foreach (var approval in approvals)
        {
            var body = new ApprovalMessage(run, approval, options.PublicUrl, time.GetUtcNow()).For(channel.Type);
            await outbox.SendAsync(run.Caller.Owner.Partition, RowKeys.Approval(run.Id, approval.CallId), approval.ArgumentsHash, body, cancellationToken);
        }
    }
}
