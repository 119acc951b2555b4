namespace Yggdrasil.Runs.Model;

/// <summary>How long a run is looked for that is not there: storage may carry out its start long after its request has given it up.</summary>
public static class LateStarts
{
    /// <summary>From the beginning of a start on: no write of it arrives later.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
}
