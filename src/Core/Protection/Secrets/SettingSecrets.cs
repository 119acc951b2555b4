using Microsoft.Extensions.Configuration;

namespace Yggdrasil.Protection.Secrets;

/// <summary>Secrets from settings alone: environment variables, user-secrets, local.settings.json. For development.</summary>
/// <remarks>Configuration is read each time, so what reloads there is in force at once.</remarks>
public sealed class SettingSecrets(IConfiguration configuration) : ISecrets
{
    public SecretsState State => SecretsState.Current;

    // Keys are pasted or read from files: a trailing line break would end up in a header and fail each call.
    public string? Find(SecretName name) => configuration[name.ConfigurationKey]?.Trim() is { Length: > 0 } value ? value : null;

    public IReadOnlyList<SecretVersion> GetVersions(SecretName name) => [];

    public ValueTask RefreshNowAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
