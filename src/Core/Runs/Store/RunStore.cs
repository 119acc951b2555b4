using Azure;
using Azure.Data.Tables;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Limits;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Telemetry;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Runs.Store;

/// <summary>Runs and their journals in the Work table. Every change of state is one entity-group transaction.</summary>
/// <param name="streams">Told of each commit; null where nobody reads along.</param>
/// <param name="lost">Told of starts whose outcome is not known; null where nobody looks after them.</param>
internal sealed class RunStore(
    StorageClients storage,
    ContentVault vault,
    Contention contention,
    IEnumerable<IRunCompanion>? companions = null,
    QuotaCompanion? quotas = null,
    RunStreams? streams = null,
    LostStarts? lost = null)
{
    /// <summary>Entries one transaction takes beside the run's row: of 100 entities and 4 MiB, at 32 KB each.</summary>
    public const int MaxEntriesPerCommit = 90;

    private readonly RunTransactions _transactions = new(storage, [.. companions ?? []], quotas, contention, lost);
    private readonly RunRow _runs = new(vault);
    private readonly JournalRow _journal = new(vault);
    private readonly DecisionRow _decisions = new(vault);

    /// <summary>Where drivers of this process tell what is not committed yet.</summary>
    public RunStreams? Streams => streams;

    /// <summary>Commits a run's start: its row, its place in lists, the entries its journal begins with.</summary>
    /// <param name="entries">What is taken over from another run, if anything, and then its input.</param>
    /// <returns>The run as stored, or null when a run of this id exists.</returns>
    /// <exception cref="ProblemException">A companion of the run, or its owner's quota, refuses the start.</exception>
    public Task<Run?> StartAsync(Run run, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken) =>
        StartAsync(run, entries, Task.CompletedTask, cancellationToken);

    /// <param name="driver">What has to be done before the run may be there.</param>
    public async Task<Run?> StartAsync(Run run, IReadOnlyList<JournalEntry> entries, Task driver, CancellationToken cancellationToken)
    {
        var partition = run.Caller.Owner.Partition;
        var list = new TableEntity(partition, RowKeys.ListEntry(run.CreatedAt, run.Id))
        {
            ["RunId"] = run.Id,
            ["AgentId"] = run.AgentId,
        };
        var journal = await _journal.WriteBeginningAsync(partition, run.Id, entries.Numbered(0), cancellationToken);
        var stored = await _transactions.StartAsync(
            run with { NextSequence = entries.Count },
            new Transcript([], entries).Messages,
            async started =>
            [
                new(TableTransactionActionType.Add, await _runs.InsertAsync(started, cancellationToken)),
                .. run.BatchId is null ? [new TableTransactionAction(TableTransactionActionType.Add, list)] : Array.Empty<TableTransactionAction>(),
                .. journal.Select(row => new TableTransactionAction(TableTransactionActionType.Add, row)),
            ],
            driver,
            cancellationToken);
        if (stored is not null)
        {
            RunMetrics.RunStarted();
        }

        return stored;
    }

    public async Task<Run?> FindAsync(string partition, string runId, CancellationToken cancellationToken) =>
        (await FindEvenDeletedAsync(partition, runId, cancellationToken)).Run;

    /// <summary>The run; or, where there is none, whether there was one, which was deleted.</summary>
    public async Task<(Run? Run, bool WasDeleted)> FindEvenDeletedAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Run(runId), cancellationToken: cancellationToken);
        return !row.HasValue ? (null, WasDeleted: false)
            : RunRow.IsTombstone(row.Value!) ? (null, WasDeleted: true)
            : (await _runs.ReadAsync(row.Value!, cancellationToken), WasDeleted: false);
    }

    /// <summary>The run with what it was asked, in one request; null when there is none.</summary>
    public async Task<Run?> FindWithInputAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var start = RowKeys.Run(runId);
        var range = RowKeys.Range(partition, start, RowKeys.JournalEntry(runId, 1));
        var rows = await table.QueryAsync<TableEntity>(range, cancellationToken: cancellationToken).ToListAsync(cancellationToken);
        if (rows.Count == 0 || rows[0].RowKey != start || RunRow.IsTombstone(rows[0]))
        {
            return null;
        }

        // A fork's journal begins with what it took over, however much that is.
        return rows.Count > 1
            ? (await ReadAsync(rows, cancellationToken)).Run
            : (await LoadAsync(partition, runId, cancellationToken))?.Run;
    }

    /// <summary>Whether nothing of the run is to go on: it is to be cancelled, has ended, or is gone. Reads no content.</summary>
    public async Task<bool> IsToStopAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(
            partition, RowKeys.Run(runId), [RunRow.CancelRequested, .. RunRow.End], cancellationToken);
        return !row.HasValue || RunRow.IsTerminal(row.Value!) || row.Value!.GetBoolean(RunRow.CancelRequested) == true;
    }

    /// <summary>Sets flags under the version of the row that <paramref name="run"/> carries.</summary>
    /// <param name="status">
    /// Where the run stands by it, for a run that nobody drives: a change of state like any other, which companions take part in. Null
    /// changes the flags and nothing else.
    /// </param>
    /// <returns>The run as stored, or null when the row has changed since.</returns>
    public async Task<Run?> FlagAsync(Run run, bool cancel, bool suspend, RunStatus? status, CancellationToken cancellationToken)
    {
        var flagged = run with { CancelRequested = cancel, SuspendRequested = suspend };
        if (status is null)
        {
            var flags = Flag(new TableEntity(run.Caller.Owner.Partition, RowKeys.Run(run.Id)), flagged);
            return await MergeAsync(flagged, flags, others: [], cancellationToken);
        }

        return await _transactions.CommitAsync(
            flagged with { Status = status.Value, LeaseUntil = DateTimeOffset.UnixEpoch },
            (companion, changed) => companion.OnCommitAsync(changed, cancellationToken),
            async changed => [new(TableTransactionActionType.UpdateMerge, Flag(await _runs.UpdateAsync(changed, cancellationToken), changed), run.ETag)],
            cancellationToken);
    }

    /// <summary>Records a decision, and tells the run's driver by the version of the run's row.</summary>
    /// <returns>The run as stored, or null when the row has changed since or the call is decided already.</returns>
    public async Task<Run?> DecideAsync(Run run, ApprovalDecision decision, CancellationToken cancellationToken) =>
        await SettleAsync(run, await _decisions.WriteAsync(run.Caller.Owner.Partition, run.Id, decision, cancellationToken), cancellationToken);

    /// <summary>Records a caller's answer to a call of its tool, and tells the run's driver by the version of the run's row.</summary>
    /// <returns>The run as stored, or null when the row has changed since or the call is answered already.</returns>
    public async Task<Run?> AnswerAsync(Run run, ClientAnswer answer, CancellationToken cancellationToken) =>
        await SettleAsync(run, await _decisions.WriteAsync(run.Caller.Owner.Partition, run.Id, answer, cancellationToken), cancellationToken);

    public async Task<ApprovalDecision?> FindDecisionAsync(string partition, string runId, string callId, CancellationToken cancellationToken) =>
        await FindSettledAsync(partition, runId, callId, cancellationToken) is { } row && !DecisionRow.IsAnswer(row)
            ? await _decisions.ReadAsync(row, cancellationToken)
            : null;

    public async Task<ClientAnswer?> FindAnswerAsync(string partition, string runId, string callId, CancellationToken cancellationToken) =>
        await FindSettledAsync(partition, runId, callId, cancellationToken) is { } row && DecisionRow.IsAnswer(row)
            ? await _decisions.ReadAnswerAsync(row, cancellationToken)
            : null;

    /// <summary>A run without the calls that were decided or answered and that its driver has not taken up yet: nobody has to settle them again.</summary>
    public async Task<Run> WithoutSettledAsync(Run run, CancellationToken cancellationToken)
    {
        if (run.DecisionCount == 0 || run.Awaited.Count == 0)
        {
            return run;
        }

        var settled = await Task.WhenAll(run.Awaited.Select(call => FindSettledAsync(run.Caller.Owner.Partition, run.Id, call.CallId, cancellationToken)));
        return run with { Awaited = [.. run.Awaited.Where((_, index) => settled[index] is null)] };
    }

    /// <summary>A run without its content, which need not be readable.</summary>
    public async Task<RunHead?> FindHeadAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Run(runId), cancellationToken: cancellationToken);
        return row.HasValue && !RunRow.IsTombstone(row.Value!) ? RunRow.ReadHead(row.Value!) : null;
    }

    /// <summary>The runs that calls of a run were made as, whether or not they were started.</summary>
    public async Task<IReadOnlyList<string>> FindChildrenAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var entries = table.QueryAsync<TableEntity>(
            RowKeys.RangeOf(partition, RowKeys.Run(runId)), select: ["RowKey", JournalRow.ChildRun], cancellationToken: cancellationToken);
        return await entries.Select(entry => entry.GetString(JournalRow.ChildRun)).OfType<string>().Distinct().ToListAsync(cancellationToken);
    }

    /// <summary>Notes that all who were to learn of a run's end have; a run that is gone meanwhile has nothing to note.</summary>
    public Task SetNoticesDeliveredAsync(string partition, string runId, CancellationToken cancellationToken) =>

        // Under the row's version, so that nothing is written to a tombstone.
        SetAsync(partition, runId, RunRow.NoticesDelivered, isToSet: _ => true, cancellationToken);

    /// <summary>Asks whoever drives a run to end it as cancelled. One that has ended, or is not there, stays as it is.</summary>
    public Task RequestCancelAsync(string partition, string runId, CancellationToken cancellationToken) =>
        SetAsync(partition, runId, RunRow.CancelRequested, run => run is { IsTerminal: false, CancelRequested: false }, cancellationToken);

    /// <summary>The orchestration to wake for a run that has not ended; null for one that has, or is gone.</summary>
    public async Task<string?> FindDriverAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Run(runId), ["Driver", .. RunRow.End], cancellationToken);
        return row.HasValue && !RunRow.IsTerminal(row.Value!) ? row.Value!.GetString("Driver") : null;
    }

    /// <summary>A run and its journal, in one request.</summary>
    public async Task<(Run Run, IReadOnlyList<JournalEntry> Entries)?> LoadAsync(
        string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var start = RowKeys.Run(runId);
        var rows = await table.QueryAsync<TableEntity>(RowKeys.RangeOf(partition, start), cancellationToken: cancellationToken).ToListAsync(cancellationToken);
        return rows.Count > 0 && rows[0].RowKey == start && !RunRow.IsTombstone(rows[0]) ? await ReadAsync(rows, cancellationToken) : null;
    }

    /// <summary>How far a run has come, without any content; null when there is none.</summary>
    public async Task<RunProgress?> FindProgressAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Run(runId), RunRow.Progress, cancellationToken);
        return row.HasValue && !RunRow.IsTombstone(row.Value!) ? RunRow.ReadProgress(row.Value!) : null;
    }

    /// <summary>The journal's entries from one sequence number up to another, exclusive.</summary>
    public async Task<IReadOnlyList<JournalEntry>> ReadEntriesAsync(
        string partition, string runId, long from, long to, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var range = RowKeys.Range(partition, RowKeys.JournalEntry(runId, from), RowKeys.JournalEntry(runId, to));
        List<JournalEntry> entries = [];
        await foreach (var row in table.QueryAsync<TableEntity>(range, cancellationToken: cancellationToken))
        {
            entries.AddRange(await _journal.ReadAsync(row, cancellationToken));
        }

        return entries;
    }

    /// <summary>A run of its row and those of its journal, which follow it.</summary>
    public async Task<(Run Run, IReadOnlyList<JournalEntry> Entries)> ReadAsync(IReadOnlyList<TableEntity> rows, CancellationToken cancellationToken)
    {
        var run = await _runs.ReadAsync(rows[0], cancellationToken);
        List<JournalEntry> entries = [];
        List<ApprovalDecision> decisions = [];
        List<ClientAnswer> answers = [];
        foreach (var row in rows.Skip(1))
        {
            if (RowKeys.IsDecision(run.Id, row.RowKey) && DecisionRow.IsAnswer(row))
            {
                answers.Add(await _decisions.ReadAnswerAsync(row, cancellationToken));
            }
            else if (RowKeys.IsDecision(run.Id, row.RowKey))
            {
                decisions.Add(await _decisions.ReadAsync(row, cancellationToken));
            }
            else
            {
                entries.AddRange(await _journal.ReadAsync(row, cancellationToken));
            }
        }

        return (run with { Decisions = decisions, Answers = answers, Input = JournalEntry.InputOf(entries) }, entries);
    }

    /// <summary>Commits entries and the run's new state under the version of the row that <paramref name="next"/> carries.</summary>
    /// <param name="before">The journal up to here, where it is known.</param>
    /// <returns>The run as stored, or null when the row has changed since.</returns>
    public async Task<Run?> CommitAsync(
        Run next, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken, Transcript? before = null)
    {
        var steps = await _journal.AddAsync(next, entries, cancellationToken);
        TableEntity? update = null;
        var committed = await _transactions.CommitAsync(
            next with { NextSequence = next.NextSequence + entries.Count },
            (companion, changed) => changed.IsTerminal && before is not null
                ? companion.OnEndAsync(changed, before, entries, cancellationToken)
                : companion.OnCommitAsync(changed, cancellationToken),
            async stored => [new(TableTransactionActionType.UpdateMerge, update = await _runs.UpdateAsync(stored, cancellationToken), next.ETag), .. steps],
            cancellationToken);
        if (committed is null)
        {
            return null;
        }

        RunMetrics.Committed(committed, entries);
        streams?.Commits.Publish(next.Id);
        return committed with { StoredApprovals = RunRow.ApprovalsAfter(update!, committed) };
    }

    /// <summary>Commits the end of a run that nobody drives, under the version of the row that it carries.</summary>
    /// <param name="before">The journal up to here.</param>
    /// <returns>The run as stored, or null when the row has changed since.</returns>
    public Task<Run?> EndAsync(RunEnd end, Transcript before, CancellationToken cancellationToken) =>
        CommitAsync(end.Run, end.Entries.Numbered(end.Run.NextSequence), cancellationToken, before);

    /// <summary>What of its owner's budget a run's next model call may use; null where there is no budget.</summary>
    public async ValueTask<QuotaAmount?> NeedOfNextCallAsync(Run run, Transcript transcript, CancellationToken cancellationToken) =>
        quotas is null ? null : await quotas.NeedOfNextCallAsync(run, transcript, cancellationToken);

    /// <inheritdoc cref="UnreadRuns.EndAsync"/>
    public Task<SliceOutcome> EndUnreadAsync(
        string partition, string runId, RunError error, DateTimeOffset now, CancellationToken cancellationToken) =>
        new UnreadRuns(storage, _transactions, _journal, contention).EndAsync(partition, runId, error, now, cancellationToken);

    private static TableEntity Flag(TableEntity row, Run run)
    {
        row[RunRow.CancelRequested] = run.CancelRequested;
        row[RunRow.SuspendRequested] = run.SuspendRequested;
        return row;
    }

    private Task<Run?> SettleAsync(Run run, TableEntity row, CancellationToken cancellationToken)
    {
        var settled = run with { DecisionCount = run.DecisionCount + 1 };
        var change = new TableEntity(row.PartitionKey, RowKeys.Run(run.Id)) { [RunRow.DecisionCount] = settled.DecisionCount };
        return MergeAsync(settled, change, [new(TableTransactionActionType.Add, row)], cancellationToken);
    }

    private async Task<TableEntity?> FindSettledAsync(string partition, string runId, string callId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Decision(runId, callId), cancellationToken: cancellationToken);
        return row.HasValue ? row.Value : null;
    }

    /// <summary>Sets a flag of a run that is there.</summary>
    private Task<RunHead?> SetAsync(string partition, string runId, string flag, Func<RunHead, bool> isToSet, CancellationToken cancellationToken) =>
        contention.RetryAsync<RunHead?>(
            async () =>
            {
                if (await FindHeadAsync(partition, runId, cancellationToken) is not { } run || !isToSet(run))
                {
                    return null;
                }

                var change = new TableEntity(partition, RowKeys.Run(runId)) { [flag] = true };
                return await MergeAsync(run, change, others: [], cancellationToken) ?? throw new ContendedException();
            },
            cancellationToken);

    private async Task<T?> MergeAsync<T>(
        T changed, TableEntity change, IReadOnlyList<TableTransactionAction> others, CancellationToken cancellationToken)
        where T : RunHead
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        try
        {
            if (others.Count == 0)
            {
                var single = await table.UpdateEntityAsync(change, changed.ETag, TableUpdateMode.Merge, cancellationToken);
                return changed with { ETag = single.Headers.ETag ?? default };
            }

            var answers = await table.SubmitTransactionAsync([new(TableTransactionActionType.UpdateMerge, change, changed.ETag), .. others], cancellationToken);
            return changed with { ETag = answers.Value[0].Headers.ETag ?? default };
        }
        catch (RequestFailedException failure) when (IsContended(failure))
        {
            return null;
        }
    }
}
