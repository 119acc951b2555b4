using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Identity.Authentication;

/// <summary>Finds out who makes a request. A host has one mode of authentication.</summary>
public interface IAuthentication
{
    /// <exception cref="UnauthenticatedException">The credentials are missing or not valid.</exception>
    /// <exception cref="ForbiddenException">The credentials are valid but give no permission to use this service.</exception>
    /// <exception cref="IssuerUnavailableException">Whether they are valid cannot be told now.</exception>
    ValueTask<Caller> AuthenticateAsync(AuthenticationRequest request, CancellationToken cancellationToken);
}
