using Yggdrasil.Storage;

namespace Yggdrasil.Tests.Storage;

internal static class TestContention
{
    /// <summary>By the real clock also where a test has one of its own: nobody would let the pauses pass.</summary>
    public static Contention Retries { get; } = new(TimeProvider.System);
}
