namespace Yggdrasil.Protection.Secrets;

/// <summary>A secret without which the work cannot go on is in neither of its places, or has not been loaded yet.</summary>
public sealed class SecretUnavailableException(SecretName name, string cause)
    : Exception($"{name.Setting} (in Key Vault: {name.Secret}) is not available: {cause}.")
{
    public SecretName Name { get; } = name;
}
