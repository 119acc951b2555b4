namespace Yggdrasil.Redaction;

/// <summary>What was found. The order is the priority between findings that claim the same characters.</summary>
public enum FindingKind
{
    /// <summary>A PEM private key, header and footer included.</summary>
    PrivateKey,

    /// <summary>A vendor's API key, or a storage account's.</summary>
    ApiKey,

    /// <summary>A JWT, a bearer token, the signature of a SAS.</summary>
    Token,

    /// <summary>A password in a connection string, in JSON or in a URL.</summary>
    Password,

    /// <summary>A payment card's number.</summary>
    Card,

    Iban,

    /// <summary>A US social security number.</summary>
    Ssn,

    Email,

    Phone,
}

/// <summary>A part of a text that must not be passed on.</summary>
/// <param name="Start">Index of its first UTF-16 unit.</param>
/// <param name="Length">In UTF-16 units.</param>
public readonly record struct Finding(FindingKind Kind, int Start, int Length)
{
    public int End => Start + Length;
}
