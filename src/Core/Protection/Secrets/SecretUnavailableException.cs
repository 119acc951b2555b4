namespace Yggdrasil.Protection.Secrets;

/// <summary>A required secret is in neither of its two sources, or is not loaded yet.</summary>
public sealed class SecretUnavailableException(SecretName name, string cause)
    : Exception($"{name.Setting} (in Key Vault: {name.Secret}) is not available: {cause}.")
{
    public SecretName Name { get; } = name;
}
