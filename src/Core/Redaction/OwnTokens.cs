namespace Yggdrasil.Redaction;

/// <summary>How the tokens begin that this product gives out: whatever text they come into, they are taken out of it.</summary>
internal static class OwnTokens
{
    /// <summary>A ticket for a run's events, which stands in addresses.</summary>
    public const string EventTicket = "ygt_";

    /// <summary>An API key, which programs are configured with.</summary>
    public const string ApiKey = "ygk_";
}
