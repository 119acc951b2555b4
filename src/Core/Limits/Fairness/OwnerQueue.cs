namespace Yggdrasil.Limits.Fairness;

/// <summary>One owner's line: who holds a slot, stands in line, is parked, or was called and is on the way.</summary>
/// <remarks>Whoever comes back keeps the position that the first coming gave.</remarks>
internal sealed class OwnerQueue(string owner, double stride)
{
    private readonly Dictionary<string, long> _parkedKeys = [];

    public string Owner { get; } = owner;

    public double Stride { get; } = stride;

    /// <summary>How much the owner has had: one <see cref="Stride"/> a slot.</summary>
    public double Clock { get; set; }

    /// <summary>Slots held.</summary>
    public int Held { get; set; }

    /// <summary>Requests at work, which need no slot but count.</summary>
    public int Requests { get; set; }

    /// <summary>Activities that stand in line.</summary>
    public int WaitingActivities { get; set; }

    /// <summary>Nobody parked is called until the owner enters again.</summary>
    public bool IsHeldBack { get; set; }

    public SortedDictionary<long, Waiter> Waiting { get; } = [];

    public SortedDictionary<long, Parked> ParkedWork { get; } = [];

    /// <summary>Whoever was called, with the position; a slot is kept until they come.</summary>
    public Dictionary<string, long> Called { get; } = [];

    public bool IsIdle => Held == 0 && Requests == 0 && Waiting.Count == 0 && ParkedWork.Count == 0 && Called.Count == 0;

    public bool HasNext => Waiting.Count > 0 || (ParkedWork.Count > 0 && !IsHeldBack);

    public void Park(long stamp, ActivityWork work, long expectedBy)
    {
        if (_parkedKeys.TryAdd(work.Key!, stamp))
        {
            ParkedWork.Add(stamp, new Parked(work, expectedBy));
        }
        else
        {
            var first = _parkedKeys[work.Key!];
            ParkedWork[first] = new Parked(work, expectedBy);
        }
    }

    /// <returns>The position of work that was parked; null when it was not.</returns>
    public long? Unpark(string key)
    {
        if (!_parkedKeys.Remove(key, out var stamp))
        {
            return null;
        }

        ParkedWork.Remove(stamp);
        return stamp;
    }

    /// <param name="Work">What was parked.</param>
    /// <param name="ExpectedBy">Who has not come by then goes on elsewhere.</param>
    internal sealed record Parked(ActivityWork Work, long ExpectedBy);

    internal sealed class Waiter(OwnerQueue line, ActivityWork? work)
    {
        public OwnerQueue Line { get; } = line;

        public ActivityWork? Work { get; } = work;

        public TaskCompletionSource Served { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
