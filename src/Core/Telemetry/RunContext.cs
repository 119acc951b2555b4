namespace Yggdrasil.Telemetry;

/// <summary>The run that the present flow of execution works for: what log records and spans below it are told to belong to.</summary>
internal sealed class RunContext
{
    private static readonly AsyncLocal<RunContext?> Flow = new();

    private readonly Func<int> _turns;

    private RunContext(string runId, string agentId, string? conversationId, string owner, Func<int> turns) =>
        (RunId, AgentId, ConversationId, Owner, _turns) = (runId, agentId, conversationId, owner, turns);

    public static RunContext? Current => Flow.Value;

    public string RunId { get; }

    public string AgentId { get; }

    public string? ConversationId { get; }

    /// <summary>A hash, never the user.</summary>
    public string Owner { get; }

    /// <summary>Model calls recorded so far, and so the number of the one before that which is being made.</summary>
    public int Turn => _turns();

    /// <summary>Says until the calling method returns that it and what it calls works for a run.</summary>
    /// <param name="owner">A hash of the owner, never the user.</param>
    /// <param name="turns">Asked whenever something is written: model calls recorded by then.</param>
    public static void Enter(string runId, string agentId, string? conversationId, string owner, Func<int> turns) =>
        Flow.Value = new RunContext(runId, agentId, conversationId, owner, turns);
}
