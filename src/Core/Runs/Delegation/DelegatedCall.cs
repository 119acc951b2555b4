using Yggdrasil.Foundation;
using Yggdrasil.Redaction;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Delegation;

/// <summary>A tool call that is a run of another agent. The parent's journal has it; the run is to be started now.</summary>
/// <param name="Parent">The run whose model asks.</param>
/// <param name="AgentId">The agent, as its owner knows it.</param>
/// <param name="Input">What it is asked.</param>
public sealed record DelegatedCall(Run Parent, string CallId, string AgentId, string Input)
{
    /// <summary>What makes the child's id, so that it is the same however often the call is delivered.</summary>
    internal string Key => KeyOf(Parent.Id, CallId);

    /// <summary>The child's id.</summary>
    internal static string ChildOf(Run parent, string callId) => Ids.RunFor(parent.Caller.Owner.Partition, KeyOf(parent.Id, callId));

    // No caller's key has a line break, so none is ever taken for one of these.
    private static string KeyOf(string parentId, string callId) => $"child\n{parentId}\n{callId}";
}

/// <summary>What a child run has from the run that asked for it.</summary>
/// <param name="Ancestors">The agents above it, the first first, by the ids under which its caller may run them.</param>
internal sealed record Inheritance(
    ParentCall Parent, IReadOnlyList<string> Ancestors, DateTimeOffset Deadline, RedactionMode Redaction);

/// <summary>The tool call of a parent run that a child run answers.</summary>
public sealed record ParentCall(string RunId, string CallId);
