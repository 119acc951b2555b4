namespace Yggdrasil.Protection.Secrets;

/// <summary>How current the loaded secrets are.</summary>
public enum SecretsState
{
    /// <summary>Not every secret has been asked for with success yet: requests that need a missing one fail.</summary>
    Loading,

    /// <summary>The last refresh succeeded.</summary>
    Current,

    /// <summary>The vault does not answer as it did; the last good values are in use.</summary>
    Stale,
}
