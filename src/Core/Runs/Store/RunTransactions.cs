using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Runs.Store;

/// <summary>
/// Commits a run's rows together with those of its companions and the quota of its owner, and asks these again when others
/// changed their rows.
/// </summary>
/// <param name="quotas">Null where nothing is limited and nothing counted.</param>
/// <param name="lost">Told of starts whose outcome is not known; null where nobody looks after them.</param>
internal sealed class RunTransactions(
    StorageClients storage, IReadOnlyList<IRunCompanion> companions, QuotaCompanion? quotas, Contention contention, LostStarts? lost = null)
{
    private readonly StartGroups? _groups =
        quotas is null ? null : new StartGroups(storage, quotas, contention, companions.OfType<IStartingCompanion>().SingleOrDefault(), lost);

    /// <summary>Commits a run's start.</summary>
    /// <param name="input">The run's messages.</param>
    /// <param name="write">The run's own rows, its row first.</param>
    /// <param name="driver">What has to be done before anything is committed.</param>
    /// <returns>The run as stored, or null when one of its own rows exists.</returns>
    /// <exception cref="ProblemException">A companion or the owner's quota refuses.</exception>
    public async Task<Run?> StartAsync(
        Run run,
        IReadOnlyList<ChatMessage> input,
        Func<Run, Task<IReadOnlyList<TableTransactionAction>>> write,
        Task driver,
        CancellationToken cancellationToken)
    {
        ValueTask<CompanionChange> Ask(IRunCompanion companion, Run next) => companion.OnStartAsync(next, cancellationToken);
        if (quotas is null)
        {
            await driver;
            return await CommitAsync(run, Ask, write, ask: null, cancellationToken);
        }

        // Those that starts share are asked once for all that are committed together.
        var (next, others) = await AskAsync(run, Ask, companions.Where(companion => companion is not IStartingCompanion));
        if (others.Count == 0)
        {
            var (start, rows) = (await quotas.PrepareAsync(next, input, cancellationToken), await write(next));
            await driver;
            return await _groups!.CommitAsync(start, rows, cancellationToken);
        }

        await driver;
        return await CommitAsync(run, Ask, write, next => AdmitAsync(next, input, cancellationToken), cancellationToken);
    }

    /// <summary>Commits a change of a run.</summary>
    /// <param name="run">The run as it is to be.</param>
    /// <param name="ask">What to ask each companion.</param>
    /// <param name="write">The run's own changes, its row first.</param>
    /// <returns>The run as stored, or null when one of its own rows is not as <paramref name="write"/> demands.</returns>
    /// <exception cref="ProblemException">A companion or the owner's quota refuses.</exception>
    public Task<Run?> CommitAsync(
        Run run,
        Func<IRunCompanion, Run, ValueTask<CompanionChange>> ask,
        Func<Run, Task<IReadOnlyList<TableTransactionAction>>> write,
        CancellationToken cancellationToken) =>
        CommitAsync(
            run, ask, write, quotas?.Concerns(run) == true ? next => ChangeAsync(next, cancellationToken) : null, cancellationToken);

    /// <param name="ask">Asks the owner's quota; null where the change does not concern it.</param>
    private async Task<Run?> CommitAsync(
        Run run,
        Func<IRunCompanion, Run, ValueTask<CompanionChange>> askCompanion,
        Func<Run, Task<IReadOnlyList<TableTransactionAction>>> write,
        Func<Run, Task<(Run Run, QuotaChange Change)>>? ask,
        CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);

        // What companions answer holds until another transaction of the owner changes their rows: so they are asked under the lock.
        var isShared = quotas is not null && (ask is not null || (run.IsTerminal && run.ConversationId is not null));
        return await contention.RetryAsync(AttemptAsync, cancellationToken);

        async Task<Run?> AttemptAsync()
        {
            using (isShared ? await quotas!.Locks.EnterAsync(run.Caller.Owner.Partition, cancellationToken) : null)
            {
                var (next, others) = await AskAsync(run, askCompanion, companions);
                QuotaChange? quota = null;
                if (ask is not null)
                {
                    (next, quota) = await ask(next);
                }

                var own = await write(next);
                try
                {
                    var versions = await TableTransactions.SubmitAsync(
                        table, [.. own, .. others.SelectMany(other => other.Rows), .. quota?.Rows ?? []], cancellationToken);
                    TellCommitted(next, others, quota, versions[own.Count..]);
                    return next with { ETag = versions[0], QuotaRequest = null };
                }
                catch (RequestFailedException failure) when (IsContended(failure))
                {
                    others.ForEach(other => other.Companion.Forget(next));
                    if (quota is not null)
                    {
                        quotas!.Forget(quota.Partition);
                    }

                    if ((others.Count == 0 && quota is null) || IsOwn(failure, own.Count))
                    {
                        return null;
                    }

                    throw new ContendedException(failure);
                }
            }
        }
    }

    private static async Task<(Run Run, List<(IRunCompanion Companion, IReadOnlyList<TableTransactionAction> Rows)> Others)> AskAsync(
        Run run, Func<IRunCompanion, Run, ValueTask<CompanionChange>> ask, IEnumerable<IRunCompanion> asked)
    {
        List<(IRunCompanion Companion, IReadOnlyList<TableTransactionAction> Rows)> others = [];
        foreach (var companion in asked)
        {
            var change = await ask(companion, run);
            run = change.Run;
            if (change.Rows.Count > 0)
            {
                others.Add((companion, change.Rows));
            }
        }

        return (run, others);
    }

    private async Task<(Run Run, QuotaChange Change)> AdmitAsync(Run run, IReadOnlyList<ChatMessage> input, CancellationToken cancellationToken)
    {
        var start = await quotas!.PrepareAsync(run, input, cancellationToken);
        var (starts, change) = await quotas.OnStartsAsync(run.Caller.Owner.Partition, [start], cancellationToken);
        return starts[0].Run is { } admitted ? (admitted, change!) : throw starts[0].Refusal!;
    }

    private async Task<(Run Run, QuotaChange Change)> ChangeAsync(Run run, CancellationToken cancellationToken) =>
        await quotas!.OnCommitAsync(run, cancellationToken);

    private void TellCommitted(
        Run run, List<(IRunCompanion Companion, IReadOnlyList<TableTransactionAction> Rows)> others, QuotaChange? quota, List<ETag> versions)
    {
        var first = 0;
        foreach (var (companion, rows) in others)
        {
            companion.Committed(run, versions.GetRange(first, rows.Count));
            first += rows.Count;
        }

        if (quota is not null)
        {
            quotas!.Committed(quota, versions[first]);
        }
    }

    /// <summary>Whether the change that failed is one of the run's own; a failure that does not say which is taken for one.</summary>
    private static bool IsOwn(RequestFailedException failure, int own) =>
        failure is not TableTransactionFailedException { FailedTransactionActionIndex: { } index } || index < own;
}
