using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Yggdrasil.Foundation.Settings;

namespace Yggdrasil.Protection.Secrets;

/// <summary>The master keys of content protection as of now: one encrypts, all decrypt.</summary>
/// <remarks>
/// <c>Protection__Key</c> encrypts where it is set, else the newest enabled version of <c>content-protection-key</c> whose
/// "not before" has passed. <c>Protection__PreviousKeys</c> and every enabled version decrypt, so that a key can move
/// from a setting to the vault, or back, while both are in use. The ring follows the vault and reloaded settings.
/// </remarks>
public sealed partial class MasterKeyRing(
    IConfiguration configuration, ISecrets secrets, TimeProvider time, ILogger<MasterKeyRing> logger)
{
    private volatile Keys? _keys;

    /// <summary>Whether anything can be encrypted.</summary>
    public bool HasCurrent => Now().Current is not null;

    /// <summary>The key that encrypts.</summary>
    /// <exception cref="SecretUnavailableException">There is none, or the vault has not answered yet.</exception>
    public MasterKey Current => Now().Current ?? throw new SecretUnavailableException(
        SecretName.ContentProtectionKey,
        secrets.State is SecretsState.Loading ? "the vault has not answered yet" : "neither place holds a usable key");

    /// <summary>Whether keys other than the one that encrypts are known, so that content may need them.</summary>
    public bool HasPrevious => Now().ById.Count > 1;

    public bool TryGet(ulong id, [NotNullWhen(true)] out MasterKey? key) => Now().ById.TryGetValue(id, out key);

    /// <summary>For content under a key that <see cref="TryGet"/> does not know: another instance may have got it first.</summary>
    public ValueTask RefreshAsync(CancellationToken cancellationToken) => secrets.RefreshNowAsync(cancellationToken);

    private Keys Now()
    {
        var versions = secrets.GetVersions(SecretName.ContentProtectionKey);
        var keys = _keys;
        // Two threads may both build the same ring: harmless, and cheaper than a lock around every value.
        return keys is not null && ReferenceEquals(keys.Versions, versions) && !keys.Reload.HasChanged
            ? keys
            : _keys = Build(versions, keys);
    }

    private Keys Build(IReadOnlyList<SecretVersion> versions, Keys? before)
    {
        var reload = configuration.GetReloadToken();
        var (setting, previous) = ReadSettings(before);
        Dictionary<ulong, MasterKey> byId = [];
        MasterKey? newest = null;
        foreach (var version in versions)
        {
            if (!MasterKey.TryParse(version.Value, out var key))
            {
                LogUnusableVersion(SecretName.ContentProtectionKey.Secret, version.Id);
                continue;
            }

            byId[key.Id] = key;
            newest ??= version.NotBefore is null || version.NotBefore <= time.GetUtcNow() ? key : null;
        }

        foreach (var key in previous)
        {
            byId[key.Id] = key;
        }

        var current = setting ?? newest;
        if (current is not null)
        {
            byId[current.Id] = current;
        }

        return new Keys(current, byId.ToFrozenDictionary(), setting, previous, versions, reload);
    }

    /// <summary>The keys of the settings; those of before when a reload brought something that is no key.</summary>
    private (MasterKey? Current, IReadOnlyList<MasterKey> Previous) ReadSettings(Keys? before)
    {
        var options = new ProtectionOptions();
        SettingsShape.Of(configuration.GetSection(ProtectionOptions.Section), typeof(ProtectionOptions)).Bind(options);
        if (options.Problems(keyRequired: false).ToList() is { Count: > 0 } problems && before is not null)
        {
            LogUnusableSettings(problems.Count);
            return (before.Setting, before.Previous);
        }

        _ = MasterKey.TryParse(options.Key, out var current);
        return (current, [.. options.PreviousKeys.Select(text => MasterKey.TryParse(text, out var key) ? key : null).OfType<MasterKey>()]);
    }

    [LoggerMessage(5120, LogLevel.Error, "Version {Version} of secret {Secret} is not the Base64 of 32 bytes and is not used")]
    private partial void LogUnusableVersion(string secret, string version);

    [LoggerMessage(5121, LogLevel.Error, "{Count} reloaded Protection settings are not valid; the keys of before stay in use")]
    private partial void LogUnusableSettings(int count);

    private sealed record Keys(
        MasterKey? Current,
        FrozenDictionary<ulong, MasterKey> ById,
        MasterKey? Setting,
        IReadOnlyList<MasterKey> Previous,
        IReadOnlyList<SecretVersion> Versions,
        IChangeToken Reload);
}
