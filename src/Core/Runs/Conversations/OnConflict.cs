namespace Yggdrasil.Runs.Conversations;

/// <summary>What becomes of a run whose conversation has an active one.</summary>
public enum OnConflict
{
    /// <summary>It is refused.</summary>
    Reject,

    /// <summary>It runs when those before it have ended.</summary>
    Enqueue,

    /// <summary>The active run is cancelled, and it runs next, before others that wait.</summary>
    Interrupt,
}
