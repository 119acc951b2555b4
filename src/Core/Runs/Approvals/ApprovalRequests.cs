using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Runs.Approvals;

/// <summary>
/// Asks for what calls wait for, decisions of humans and answers of the caller: records it, shows it on the run, and leads deciders to it.
/// </summary>
internal sealed class ApprovalRequests(IApprovalIndex index, ApprovalOptions options, ClientToolOptions clientTools, TimeProvider time)
{
    /// <param name="calls">With whether the caller is to make the call.</param>
    public async Task AskAsync(IRunJournal journal, IReadOnlyList<(PendingCall Call, bool IsWithClient)> calls, CancellationToken cancellationToken)
    {
        foreach (var part in calls.Chunk(RunStore.MaxEntriesPerCommit))
        {
            var now = time.GetUtcNow();
            var run = journal.Run;
            var awaited = part.Select(item => Pending(run, item.Call, item.IsWithClient, now)).ToList();

            // The index comes first: after a crash between the two it leads to nothing, which its readers notice. The other
            // way round nobody would ever be led to the call.
            if (awaited.FindAll(call => !call.IsWithClient) is { Count: > 0 } approvals)
            {
                await index.AddAsync(run, approvals, cancellationToken);
            }

            await journal.CommitAsync(
                run with { Awaited = [.. run.Awaited, .. awaited] },
                [.. part.Zip(awaited, (item, pending) => Request(item.Call, pending, now))],
                cancellationToken);
        }
    }

    private PendingApproval Pending(Run run, PendingCall call, bool isWithClient, DateTimeOffset now)
    {
        var until = now + (isWithClient ? clientTools.Expiry : options.Expiry);
        return PendingApproval.Of(run, call, until < run.Deadline ? until : run.Deadline) with { IsWithClient = isWithClient };
    }

    /// <summary>The name of a caller's tool is the caller's word: it stays within the answer that called it.</summary>
    private static JournalEntry Request(PendingCall call, PendingApproval pending, DateTimeOffset now) => new()
    {
        Kind = pending.IsWithClient ? EntryKind.ToolAwaited : EntryKind.ApprovalRequested,
        Turn = call.Turn,
        CallId = call.CallId,
        Name = pending.IsWithClient ? null : call.Content.Name,
        StartedAt = now,
        ExpiresAt = pending.ExpiresAt,
    };
}
