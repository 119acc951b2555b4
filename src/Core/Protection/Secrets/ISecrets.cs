namespace Yggdrasil.Protection.Secrets;

/// <summary>The secrets of the app: the seam between what needs them and where they are kept.</summary>
/// <remarks>
/// A setting that is present wins over the vault, so that an operator can override a secret without touching the vault
/// that other apps share, and so that the vault is not asked on a developer's machine. Read a secret each time it is
/// used and keep no copy: a rotated one is here within the refresh interval, without a restart.
/// </remarks>
public interface ISecrets
{
    SecretsState State { get; }

    /// <summary>The value as of now; null where neither the settings nor the vault have it. Never blocks.</summary>
    string? Find(SecretName name);

    /// <summary>The versions in the vault of a secret that several live of at once, newest first.</summary>
    IReadOnlyList<SecretVersion> GetVersions(SecretName name);

    /// <summary>
    /// Asks the vault again, now, for somebody who misses a secret that another instance may know already. At most one
    /// refresh in 10 s is made so, however many ask; its failures are logged and not thrown.
    /// </summary>
    ValueTask RefreshNowAsync(CancellationToken cancellationToken);
}
