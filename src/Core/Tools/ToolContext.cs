using Yggdrasil.Identity;

namespace Yggdrasil.Tools;

/// <summary>The call that a tool executes: run, caller, deadline, idempotency key. Injected into a tool method; the model never sees it.</summary>
public sealed record ToolContext
{
    public required string RunId { get; init; }

    /// <summary>Our own id of the call within its run, such as <c>t3c0</c> (turn 3, call 0); never the provider's.</summary>
    public required string CallId { get; init; }

    /// <summary>On whose behalf the run acts.</summary>
    public required Caller Caller { get; init; }

    /// <summary>The skills of the run's agent, by name.</summary>
    internal IReadOnlyList<string> Skills { get; init; } = [];

    /// <summary>When the run expires. The call itself is bounded by the tool's own timeout.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>The same for every attempt at this call, different for every other call: <c>runId:callId</c>.</summary>
    public string IdempotencyKey => $"{RunId}:{CallId}";
}
