using Yggdrasil.Runs.Events;

namespace Yggdrasil.Tests.Runs.Events;

/// <summary>Writes down what it is told.</summary>
internal sealed class RecordedLiveEvents : ILiveEvents
{
    public List<string> Told { get; } = [];

    public void Said(int turn, string text) => Told.Add($"{turn}: {text}");

    public void Restarted(int turn) => Told.Add($"{turn}: restarted");

    public void ToolStarted(int turn, string callId, string tool) => Told.Add($"{turn}: {tool} {callId}");
}
