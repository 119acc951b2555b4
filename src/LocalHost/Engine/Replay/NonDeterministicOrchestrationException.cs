namespace Yggdrasil.LocalHost.Engine.Replay;

/// <summary>The orchestrator decided otherwise in a replay than history says; its instance fails.</summary>
internal sealed class NonDeterministicOrchestrationException(string message) : Exception(
    message + " Orchestrator code must decide the same in every replay: no clock, random number, GUID, environment or "
    + "static state of its own, and no change of its calls while instances are in flight.");
