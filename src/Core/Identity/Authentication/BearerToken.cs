using System.Buffers;
using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Identity.Authentication;

/// <summary>Reads the <c>Authorization</c> header (RFC 6750 section 2.1): one signed token in compact form, and nothing else.</summary>
internal static class BearerToken
{
    /// <summary>The longest token that is looked at, in characters. Parsing costs memory, and nobody is known yet.</summary>
    public const int MaxLength = 16 * 1024;

    private const string Scheme = "Bearer";
    private const string Missing = "Send Authorization: Bearer <access token>.";
    private static readonly SearchValues<char> Characters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <exception cref="UnauthenticatedException">There is no token, more than one, or none that could be valid.</exception>
    public static string Read(string? authorization)
    {
        var header = authorization.AsSpan().Trim(' ');
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            throw new UnauthenticatedException(Missing);
        }

        var rest = header[Scheme.Length..];
        if (rest.IsEmpty || rest[0] != ' ')
        {
            throw new UnauthenticatedException(Missing);
        }

        var token = rest.TrimStart(' ');

        // Two dots: a signature. An encrypted token has four, and nobody has given us a key to read it with.
        return token.Length <= MaxLength && !token.ContainsAnyExcept(Characters) && token.Count('.') == 2
            ? token.ToString()
            : throw JwtAuthentication.Refused();
    }
}
