namespace Yggdrasil.Protection.Secrets;

/// <summary>Names secrets that are read at the start, so that no request waits for the vault.</summary>
internal interface IWantedSecrets
{
    IEnumerable<SecretName> Names { get; }
}
