using Azure.Data.Tables;
using Yggdrasil.Limits;

namespace Yggdrasil.Runs;

/// <summary>A start that waits for its transaction.</summary>
internal sealed class PendingStart(QuotaStart start, IReadOnlyList<TableTransactionAction> rows)
{
    public QuotaStart Start { get; } = start;

    public IReadOnlyList<TableTransactionAction> Rows { get; } = rows;

    public int Size { get; } = rows.Sum(TableTransactions.SizeOf);

    /// <summary>Whether it is to lead, or has its outcome already.</summary>
    public TaskCompletionSource<bool> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource<Run?> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Complete(Run? stored)
    {
        Outcome.TrySetResult(stored);
        Turn.TrySetResult(false);
    }

    public void Fail(Exception failure)
    {
        Outcome.TrySetException(failure);
        Turn.TrySetResult(false);
    }
}
