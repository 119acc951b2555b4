using Microsoft.DurableTask.Client;

namespace Yggdrasil.LocalHost.Engine.Storage;

/// <summary>
/// An instance's row: the current execution's input, the output of a completed instance, the failure details of a failed
/// one, all serialized.
/// </summary>
internal sealed record InstanceRecord(
    string Id,
    string Name,
    OrchestrationRuntimeStatus Status,
    string? Input,
    string? Output,
    string? Failure,
    DateTime CreatedAt,
    DateTime UpdatedAt)
{
    public bool IsTerminal => Status is not (OrchestrationRuntimeStatus.Pending or OrchestrationRuntimeStatus.Running);
}
