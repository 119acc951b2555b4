namespace Yggdrasil.Redaction;

/// <summary>What happens to personal data and credentials on their way to a provider.</summary>
public enum RedactionMode
{
    Off,

    /// <summary>Replaced by a placeholder such as <c>[EMAIL_REDACTED]</c>.</summary>
    Mask,

    /// <summary>Placeholders towards the provider, originals back in the answer.</summary>
    Restore,

    /// <summary>The request is refused.</summary>
    Block,
}
