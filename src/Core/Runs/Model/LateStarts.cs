namespace Yggdrasil.Runs.Model;

/// <summary>How long a driver looks for a run that does not exist yet: storage may carry out a start long after the request gave up.</summary>
public static class LateStarts
{
    /// <summary>From the beginning of a start on: no write of it arrives later.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
}
