using System.Runtime.CompilerServices;

namespace Yggdrasil.LocalHost.Engine;

/// <summary>What the genuine Durable SDK offers and this engine does not: refused by name rather than ignored.</summary>
internal static class Unsupported
{
    public static NotSupportedException Member([CallerMemberName] string member = "") =>
        new($"{member} is not supported by LocalHost's engine.");

    /// <exception cref="NotSupportedException">The option is used.</exception>
    public static void Refuse(bool isUsed, string option)
    {
        if (isUsed)
        {
            throw Member(option);
        }
    }
}
