using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Identity.Authentication;

/// <summary>
/// Believes <c>Bearer dev:&lt;user&gt;</c> and <c>Bearer dev:&lt;user&gt;:admin</c>, on loopback. <see cref="AuthOptionsValidator"/>
/// keeps it out of every environment but Development.
/// </summary>
/// <remarks>
/// Whatever runs in the developer's browser can reach loopback too. A page whose name was rebound to 127.0.0.1 shows in
/// <c>Host</c> and is refused whatever it sends; a page elsewhere that posts a form shows in <c>Origin</c> and does not become the
/// anonymous user. (With credentials it would need a CORS preflight, which only allowed origins pass.)
/// </remarks>
public sealed partial class DevelopmentAuthentication(IOptions<AuthOptions> options) : IAuthentication
{
    private const string Tenant = "dev";
    private const string LocalName = "localhost";

    private readonly string? _anonymousUser = options.Value.AnonymousUser;

    public ValueTask<Caller> AuthenticateAsync(AuthenticationRequest request, CancellationToken cancellationToken)
    {
        if (!IsLoopback(request.Host))
        {
            throw new UnauthenticatedException("Development mode answers on loopback only: call it as localhost.");
        }

        if (request.Authorization is null && _anonymousUser is not null && IsLocalPage(request.Origin))
        {
            return ValueTask.FromResult(Create(_anonymousUser, admin: false));
        }

        var match = Credentials().Match(request.Authorization ?? "");
        return match.Success
            ? ValueTask.FromResult(Create(match.Groups["user"].Value, match.Groups["admin"].Success))
            : throw new UnauthenticatedException(
                "Send Authorization: Bearer dev:<user>, the user being [A-Za-z0-9._@-]{1,64}.", credentialsSent: request.Authorization is not null);
    }

    internal static bool IsUser(string user) => User().IsMatch(user);

    /// <summary>Whether a host name or address always means this machine (RFC 6761 section 6.3 for names).</summary>
    internal static bool IsLoopback(string host) =>
        host.Equals(LocalName, StringComparison.OrdinalIgnoreCase)
        || host.EndsWith($".{LocalName}", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static bool IsLocalPage(string? origin) =>
        origin is null || (Uri.TryCreate(origin, UriKind.Absolute, out var page) && IsLoopback(page.Host));

    private static Caller Create(string user, bool admin) =>
        new(new Owner(Tenant, user), new HashSet<string>(admin ? [Caller.AdminRole] : []));

    [GeneratedRegex(@"\A[Bb]earer dev:(?<user>[A-Za-z0-9._@-]{1,64})(?<admin>:admin)?\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Credentials();

    [GeneratedRegex(@"\A[A-Za-z0-9._@-]{1,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex User();
}
