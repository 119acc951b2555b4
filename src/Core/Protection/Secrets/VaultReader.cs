using System.Text.Json;
using Azure;
using Azure.Security.KeyVault.Secrets;

namespace Yggdrasil.Protection.Secrets;

/// <summary>Reads secrets from Key Vault. Whatever is no answer surfaces as the client's own exception.</summary>
internal sealed class VaultReader(SecretClient client)
{
    private const int Forbidden = 403;
    private const int NotFound = 404;

    /// <summary>The current version alone; empty where there is none.</summary>
    public async Task<IReadOnlyList<SecretVersion>> ReadCurrentAsync(string secret, CancellationToken cancellationToken) =>
        await ReadAsync(secret, version: null, cancellationToken) is { } current ? [current] : [];

    /// <summary>All enabled versions, newest first. Those in <paramref name="known"/> are not fetched again: they never change.</summary>
    public async Task<IReadOnlyList<SecretVersion>> ReadVersionsAsync(
        string secret, IReadOnlyList<SecretVersion> known, CancellationToken cancellationToken)
    {
        List<SecretVersion> versions = [];
        foreach (var properties in await ListAsync(secret, cancellationToken))
        {
            var version = known.FirstOrDefault(version => version.Id == properties.Version) is { } fetched
                ? Restated(fetched, properties)
                : await ReadAsync(secret, properties.Version, cancellationToken);
            if (version is not null)
            {
                versions.Add(version);
            }
        }

        // The vault's times are whole seconds; two versions of one second need some order that all instances share.
        return [.. versions.OrderByDescending(version => version.CreatedOn).ThenByDescending(version => version.Id, StringComparer.Ordinal)];
    }

    private async Task<List<SecretProperties>> ListAsync(string secret, CancellationToken cancellationToken)
    {
        List<SecretProperties> enabled = [];
        try
        {
            await foreach (var properties in client.GetPropertiesOfSecretVersionsAsync(secret, cancellationToken))
            {
                if (properties.Enabled != false)
                {
                    enabled.Add(properties);
                }
            }
        }
        catch (RequestFailedException failure) when (failure.Status == NotFound)
        {
            // No such secret: as if it had no version.
        }

        return enabled;
    }

    private async Task<SecretVersion?> ReadAsync(string secret, string? version, CancellationToken cancellationToken)
    {
        try
        {
            KeyVaultSecret answer = await client.GetSecretAsync(secret, version, cancellationToken: cancellationToken);

            // A proxy that answers 200 in the vault's place gives a secret without anything in it.
            return answer is { Properties.Version: { } id, Value: { } value }
                ? Restated(new SecretVersion(id, value.Trim(), default, null), answer.Properties)
                : throw new InvalidDataException($"The vault's answer for {secret} is no secret.");
        }
        catch (RequestFailedException failure) when (failure.Status == NotFound || IsDisabled(failure))
        {
            return null;
        }
    }

    /// <summary>The same value under properties as they are now: an operator may have changed them.</summary>
    private static SecretVersion Restated(SecretVersion version, SecretProperties properties) =>
        new(version.Id, version.Value, properties.CreatedOn ?? DateTimeOffset.MinValue, properties.NotBefore);

    /// <summary>
    /// The vault answers 403 for a disabled secret as it does for a missing role. Disabling is how a leaked secret is
    /// withdrawn, so it must not count as a vault that is down, whose last good values stay in use.
    /// </summary>
    private static bool IsDisabled(RequestFailedException failure)
    {
        if (failure.Status != Forbidden || failure.GetRawResponse()?.Content is not { } body)
        {
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.TryGetProperty("error", out var error)
                && error.TryGetProperty("innererror", out var inner)
                && inner.TryGetProperty("code", out var code)
                && code.ValueEquals("SecretDisabled");
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
