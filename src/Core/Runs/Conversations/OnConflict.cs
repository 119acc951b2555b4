namespace Yggdrasil.Runs.Conversations;

/// <summary>What happens to a new run when its conversation has an active run.</summary>
public enum OnConflict
{
    /// <summary>It is refused.</summary>
    Reject,

    /// <summary>It runs when those before it have ended.</summary>
    Enqueue,

    /// <summary>The active run is cancelled, and it runs next, before others that wait.</summary>
    Interrupt,
}
