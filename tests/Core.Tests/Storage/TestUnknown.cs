using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Storage;

namespace Yggdrasil.Tests.Storage;

internal static class TestUnknown
{
    /// <summary>Where stores say what they do not know, for tests that do not look there.</summary>
    public static UnknownValues Values { get; } = new(NullLogger<UnknownValues>.Instance);
}
