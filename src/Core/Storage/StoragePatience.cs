namespace Yggdrasil.Storage;

/// <summary>How long storage may keep an HTTP request waiting. Runs, timers and messages wait; callers get an answer.</summary>
/// <remarks>
/// It follows the request through everything that it awaits. Time is taken off for calls that failed only, so a request of many quick
/// calls is never cut short, and one that meets a storage that hangs is answered after one call's time and not after several.
/// </remarks>
public sealed class StoragePatience
{
    /// <summary>For all failing calls of a request together.</summary>
    internal static readonly TimeSpan Budget = TimeSpan.FromSeconds(5);

    /// <summary>What each further call has once that is used up.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    private static readonly AsyncLocal<StoragePatience?> Ambient = new();

    private long _lost;

    private StoragePatience()
    {
    }

    internal static StoragePatience? Current => Ambient.Value;

    /// <summary>How long the next call may take, its retries included.</summary>
    internal TimeSpan Left
    {
        get
        {
            var left = Budget - TimeSpan.FromTicks(Interlocked.Read(ref _lost));
            return left > Least ? left : Least;
        }
    }

    /// <summary>From here on, for whatever the calling method awaits, storage has to answer in time.</summary>
    public static void Limit() => Ambient.Value = new StoragePatience();

    /// <summary>From here on, for whatever the calling method awaits, it need not: what is begun is to be brought to its end.</summary>
    public static void Lift() => Ambient.Value = null;

    /// <summary>A token that ends with another one, and once what is left of the time has passed where it is limited.</summary>
    public static CancellationTokenSource Link(CancellationToken cancellationToken)
    {
        var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (Current is { } patience)
        {
            linked.CancelAfter(patience.Left);
        }

        return linked;
    }

    internal void Failed(TimeSpan after) => Interlocked.Add(ref _lost, after.Ticks);

    internal void Succeeded() => Interlocked.Exchange(ref _lost, 0);
}
