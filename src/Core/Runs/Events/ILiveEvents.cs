namespace Yggdrasil.Runs.Events;

/// <summary>
/// Where a driver tells of the step in flight, before anything of it is committed: the seam between the loop and whoever
/// reads along. Nothing here may fail or hold up the run.
/// </summary>
internal interface ILiveEvents
{
    /// <summary>The model said this next.</summary>
    void Said(int turn, string text);

    /// <summary>What the model said in this turn so far is void: its answer begins anew.</summary>
    void Restarted(int turn);

    /// <summary>A tool call begins.</summary>
    void ToolStarted(int turn, string callId, string tool);
}

/// <summary>For journals that nobody reads along with.</summary>
internal sealed class NoLiveEvents : ILiveEvents
{
    public static readonly NoLiveEvents Instance = new();

    public void Said(int turn, string text)
    {
    }

    public void Restarted(int turn)
    {
    }

    public void ToolStarted(int turn, string callId, string tool)
    {
    }
}
