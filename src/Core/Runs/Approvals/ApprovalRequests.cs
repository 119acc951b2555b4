using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Runs.Approvals;

/// <summary>Asks for decisions: records what is asked, shows it on the run, and leads the deciders to it.</summary>
internal sealed class ApprovalRequests(IApprovalIndex index, ApprovalOptions options, TimeProvider time)
{
    public async Task AskAsync(IRunJournal journal, IReadOnlyList<PendingCall> calls, CancellationToken cancellationToken)
    {
        foreach (var part in calls.Chunk(RunStore.MaxEntriesPerCommit))
        {
            var now = time.GetUtcNow();
            var run = journal.Run;
            var expiresAt = now + options.Expiry < run.Deadline ? now + options.Expiry : run.Deadline;
            var approvals = part.Select(call => PendingApproval.Of(run, call, expiresAt)).ToList();

            // The index comes first: after a crash between the two it leads to nothing, which its readers notice. The other
            // way round nobody would ever be led to the call.
            await index.AddAsync(run, approvals, cancellationToken);
            await journal.CommitAsync(
                run with { PendingApprovals = [.. run.PendingApprovals, .. approvals] }, [.. part.Select(call => Request(call, now, expiresAt))], cancellationToken);
        }
    }

    private static JournalEntry Request(PendingCall call, DateTimeOffset now, DateTimeOffset expiresAt) => new()
    {
        Kind = EntryKind.ApprovalRequested,
        Turn = call.Turn,
        CallId = call.CallId,
        Name = call.Content.Name,
        StartedAt = now,
        ExpiresAt = expiresAt,
    };
}
