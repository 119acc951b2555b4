namespace Yggdrasil.Storage;

/// <summary>What re-encrypting one stored value came to.</summary>
internal enum RenewalOutcome
{
    /// <summary>The newest key protects it already.</summary>
    NotNeeded,

    /// <summary>The row is to store <see cref="Renewal.Stored"/> instead.</summary>
    Inline,

    /// <summary>Its blob holds the new envelope; the row stays as it is.</summary>
    InBlob,

    /// <summary>Its blob was changed or deleted meanwhile by somebody else.</summary>
    Overtaken,
}

/// <param name="Stored">For <see cref="RenewalOutcome.Inline"/>: what the row is to store.</param>
internal readonly record struct Renewal(RenewalOutcome Outcome, byte[]? Stored = null)
{
    public static readonly Renewal NotNeeded = new(RenewalOutcome.NotNeeded);
    public static readonly Renewal InBlob = new(RenewalOutcome.InBlob);
    public static readonly Renewal Overtaken = new(RenewalOutcome.Overtaken);
}
