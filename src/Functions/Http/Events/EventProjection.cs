using Yggdrasil.Runs.Events;

namespace Yggdrasil.Functions.Http.Events;

/// <summary>The events of our own contract.</summary>
/// <param name="query">What links need beside the run's id; empty for the caller's own run, null for one that has none.</param>
internal sealed class EventProjection(string? query) : IRunProjection
{
    // Without an empty line of its own: some clients take each for a message. What is told next ends the block.
    private static readonly byte[] Retry = [.. "retry: 1000\n"u8];

    public ReadOnlyMemory<byte> Begin => Retry;

    public IEnumerable<ReadOnlyMemory<byte>> Tell(RunEvent what) => [EventDocuments.ToFrame(what, query)];

    public TimeSpan HoldBack(RunEvent what) => TimeSpan.Zero;
}
