using Microsoft.DurableTask;

namespace Yggdrasil.LocalHost.Engine;

/// <summary>The function code the engine runs, by name.</summary>
internal interface IOrchestrationCode
{
    /// <summary>
    /// Runs the orchestrator function once over the given context; answers its serialized output (or null). Called on the
    /// step's own synchronization context: an implementation awaits nothing but the function itself.
    /// </summary>
    /// <exception cref="UnknownFunctionException">There is no such orchestrator; the instance fails.</exception>
    Task<string?> RunOrchestratorAsync(string name, TaskOrchestrationContext context);

    /// <summary>Runs the activity with its serialized input; answers its serialized output.</summary>
    /// <exception cref="UnknownFunctionException">There is no such activity; the call fails and is not retried.</exception>
    Task<string?> RunActivityAsync(string name, string instanceId, string? input, CancellationToken cancellationToken);
}
