namespace Yggdrasil.Identity.Authentication;

/// <summary>The issuer's discovery document or keys cannot be had, and none were had before.</summary>
/// <remarks>
/// No problem of the caller: 401 would make clients throw away tokens that are good, and the contract's 503 belongs to
/// model providers. So it is an internal failure, answered 500 and recorded.
/// </remarks>
public sealed class IssuerUnavailableException(Exception innerException)
    : Exception("The token issuer's metadata (Auth__Authority) cannot be read.", innerException);
