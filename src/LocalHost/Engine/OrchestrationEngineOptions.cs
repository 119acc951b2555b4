using Yggdrasil.LocalHost.Engine.Storage;

namespace Yggdrasil.LocalHost.Engine;

internal sealed record OrchestrationEngineOptions
{
    /// <summary>Path of the SQLite file; it and its folder are created when missing.</summary>
    public required string DatabasePath { get; init; }

    /// <summary>How many activities run at a time, at least 1.</summary>
    public int MaxConcurrentActivities { get; init; } = 100;

    /// <summary>How long a stop waits for running activities. Those that take longer run again after the next start.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public ChaosOptions Chaos { get; init; } = new();

    /// <summary>Called around every commit, so that tests can crash the engine between any two writes.</summary>
    internal Action<WritePoint>? WriteProbe { get; init; }
}
