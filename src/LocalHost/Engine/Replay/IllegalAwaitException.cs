namespace Yggdrasil.LocalHost.Engine.Replay;

/// <summary>The orchestrator awaited something that is not durable; its instance fails.</summary>
internal sealed class IllegalAwaitException() : InvalidOperationException(
    "The orchestrator awaited a task that did not come from its TaskOrchestrationContext (such as Task.Delay, Task.Run or "
    + "I/O), or left its thread (ConfigureAwait(false)). Such work belongs in an activity; a delay is a durable timer.");
