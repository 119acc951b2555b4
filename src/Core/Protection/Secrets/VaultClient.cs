using Azure.Core;
using Azure.Identity;
using Azure.Security.KeyVault.Secrets;

namespace Yggdrasil.Protection.Secrets;

/// <summary>The client of the vault, with bounds that suit a background refresh.</summary>
internal static class VaultClient
{
    /// <param name="options">Validated, with a <see cref="KeyVaultOptions.Uri"/>.</param>
    /// <param name="credential">Null for <see cref="DefaultAzureCredential"/>.</param>
    /// <param name="clientOptions">Null for our own bounds; tests bring a transport of theirs.</param>
    public static SecretClient Create(KeyVaultOptions options, TokenCredential? credential = null, SecretClientOptions? clientOptions = null)
    {
        credential ??= new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = options.ClientId });
        return new SecretClient(new Uri(options.Uri!), credential, clientOptions ?? Bounded());
    }

    private static SecretClientOptions Bounded() => new()
    {
        Retry =
        {
            MaxRetries = 2,
            // The package's own 100 s would let one hung connection outlast every caller who waits for a key.
            NetworkTimeout = TimeSpan.FromSeconds(10),
        },
    };
}
