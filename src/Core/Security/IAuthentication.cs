using Yggdrasil.Problems;

namespace Yggdrasil.Security;

/// <summary>Establishes who makes a request. One mode is in force per host.</summary>
public interface IAuthentication
{
    /// <param name="credentials">The value of the <c>Authorization</c> header; null when there is none.</param>
    /// <exception cref="UnauthenticatedException">The credentials are missing or not valid.</exception>
    ValueTask<Caller> AuthenticateAsync(string? credentials, CancellationToken cancellationToken);
}
