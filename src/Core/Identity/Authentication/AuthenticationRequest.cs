namespace Yggdrasil.Identity.Authentication;

/// <summary>What authentication sees of a request.</summary>
/// <param name="Authorization">
/// The value of the <c>Authorization</c> header, several joined by commas; null when there is none.
/// </param>
/// <param name="Host">The host that the request names, without its port.</param>
/// <param name="Origin">The page that a browser says the request comes from; null when it says none.</param>
public sealed record AuthenticationRequest(string? Authorization, string Host = "", string? Origin = null);
