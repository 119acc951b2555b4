using Azure;
using Azure.Identity;
using Yggdrasil.Security.Secrets;

namespace Yggdrasil.Storage;

/// <summary>Failures that pass with time: of the storage account, of the way to it, of the vault with the keys of its content.</summary>
internal static class StorageOutage
{
    /// <remarks>Once all attempts are used up, what Azure's clients throw is an <see cref="AggregateException"/> of whatever each met.</remarks>
    public static bool Is(Exception failure) =>
        failure is RequestFailedException or AggregateException or AuthenticationFailedException or SecretUnavailableException;
}
