using Azure.Data.Tables;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;

namespace Yggdrasil.Runs.Store;

/// <summary>A start that waits for its transaction.</summary>
internal sealed class PendingStart(QuotaStart start, IReadOnlyList<TableTransactionAction> rows) : IComparable<PendingStart>
{
    private static long s_arrivals;

    private readonly long _arrival = Interlocked.Increment(ref s_arrivals);

    public QuotaStart Start { get; } = start;

    public IReadOnlyList<TableTransactionAction> Rows { get; } = rows;

    public int Size { get; } = rows.Sum(TableTransactions.SizeOf);

    public Run Run => Start.Run;

    /// <summary>Whether it is to lead, or has its outcome already.</summary>
    public TaskCompletionSource<bool> Lead { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource<Run?> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>In order of acceptance, which is the order of lists too: some are quicker than others on their way here.</summary>
    public int CompareTo(PendingStart? other) => other is null ? 1
        : Run.CreatedAt.CompareTo(other.Run.CreatedAt) is not 0 and var order ? order
        : _arrival.CompareTo(other._arrival);

    public void Complete(Run? stored)
    {
        Outcome.TrySetResult(stored);
        Lead.TrySetResult(false);
    }

    public void Fail(Exception failure)
    {
        Outcome.TrySetException(failure);
        Lead.TrySetResult(false);
    }
}
