using Azure;
using Azure.Data.Tables;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Runs;

/// <summary>Commits a run's rows together with those of its companions, and asks these again when others changed their rows.</summary>
internal sealed class RunTransactions(StorageClients storage, IReadOnlyList<IRunCompanion> companions)
{
    /// <summary>Attempts at rows that other runs of the owner change too; each that fails means that another one succeeded.</summary>
    private const int MaxAttempts = 30;

    /// <param name="run">The run as it is to be.</param>
    /// <param name="ask">What to ask each companion.</param>
    /// <param name="write">The run's own changes, its row first.</param>
    /// <returns>The run as stored, or null when one of its own rows is not as <paramref name="write"/> demands.</returns>
    /// <exception cref="Problems.ProblemException">A companion refuses.</exception>
    public async Task<Run?> CommitAsync(
        Run run,
        Func<IRunCompanion, Run, ValueTask<CompanionChange>> ask,
        Func<Run, Task<IReadOnlyList<TableTransactionAction>>> write,
        CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            var next = run;
            List<(IRunCompanion Companion, IReadOnlyList<TableTransactionAction> Rows)> others = [];
            foreach (var companion in companions)
            {
                var change = await ask(companion, next);
                next = change.Run;
                if (change.Rows.Count > 0)
                {
                    others.Add((companion, change.Rows));
                }
            }

            var own = await write(next);
            try
            {
                var versions = await SubmitAsync(table, [.. own, .. others.SelectMany(other => other.Rows)], cancellationToken);
                TellCommitted(next, others, versions[own.Count..]);
                return next with { ETag = versions[0] };
            }
            catch (RequestFailedException failure) when (failure.Status is PreconditionFailed or NotFound or Conflict)
            {
                others.ForEach(other => other.Companion.Forget(next));
                if (others.Count == 0 || IsOwn(failure, own.Count))
                {
                    return null;
                }

                if (attempt == MaxAttempts)
                {
                    throw;
                }
            }

            // Jitter keeps two instances of the app from meeting again and again.
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, 5 * attempt)), cancellationToken);
        }
    }

    private static async Task<List<ETag>> SubmitAsync(
        TableClient table, IReadOnlyList<TableTransactionAction> actions, CancellationToken cancellationToken)
    {
        if (actions is [{ ActionType: TableTransactionActionType.UpdateMerge } only])
        {
            // A single change needs no batch, which costs more on both sides.
            var response = await table.UpdateEntityAsync((TableEntity)only.Entity, only.ETag, TableUpdateMode.Merge, cancellationToken);
            return [response.Headers.ETag ?? default];
        }

        var answers = await table.SubmitTransactionAsync(actions, cancellationToken);
        return [.. answers.Value.Select(answer => answer.Headers.ETag ?? default)];
    }

    private static void TellCommitted(
        Run run, List<(IRunCompanion Companion, IReadOnlyList<TableTransactionAction> Rows)> others, List<ETag> versions)
    {
        var first = 0;
        foreach (var (companion, rows) in others)
        {
            companion.Committed(run, versions.GetRange(first, rows.Count));
            first += rows.Count;
        }
    }

    /// <summary>Whether the change that failed is one of the run's own; a failure that does not say which is taken for one.</summary>
    private static bool IsOwn(RequestFailedException failure, int own) =>
        failure is not TableTransactionFailedException { FailedTransactionActionIndex: { } index } || index < own;
}
