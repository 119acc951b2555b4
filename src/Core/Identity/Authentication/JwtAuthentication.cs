using System.Buffers.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Identity.Authentication;

/// <summary>Believes the access tokens that the configured issuer signed for this service.</summary>
/// <remarks>
/// In order: one bearer token of limited length → signature by one of the issuer's published keys, with an allowed
/// algorithm → audience, issuer, lifetime → tenant and user → permission. A caller whose token fails learns that, and
/// not where: the reason is in the log.
/// </remarks>
internal sealed partial class JwtAuthentication(
    IOptions<AuthOptions> options, IssuerMetadata metadata, TimeProvider time, ILogger<JwtAuthentication> logger) : IAuthentication
{
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(60);

    // Named one by one: whatever the package learns later, and "none" and HMAC with the public key as secret, stay out.
    private static readonly string[] Algorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.EcdsaSha256];

    private readonly JsonWebTokenHandler _handler = new() { MaximumTokenSizeInBytes = BearerToken.MaxLength };
    private readonly TokenCaller _callers = new(options.Value);

    public async ValueTask<Caller> AuthenticateAsync(AuthenticationRequest request, CancellationToken cancellationToken)
    {
        var encoded = BearerToken.Read(request.Authorization);
        var issuer = await metadata.GetAsync(cancellationToken);
        var result = await _handler.ValidateTokenAsync(encoded, Rules(issuer));
        if (result.Exception is SecurityTokenSignatureKeyNotFoundException && await metadata.RefreshAsync(cancellationToken) is { } newer)
        {
            issuer = newer;
            result = await _handler.ValidateTokenAsync(encoded, Rules(issuer));
        }

        if (!result.IsValid)
        {
            LogRefused(result.Exception?.GetType().Name);
            throw Refused();
        }

        var token = (JsonWebToken)result.SecurityToken;
        if (HasCriticalHeader(token))
        {
            LogRefused("crit");
            throw Refused();
        }

        return _callers.Create(token, issuer);
    }

    /// <summary>The one answer to every token that is not valid.</summary>
    internal static UnauthenticatedException Refused() =>
        new("The access token is not valid for this service, or no longer valid.", credentialsSent: true);

    private TokenValidationParameters Rules(OpenIdConnectConfiguration issuer) => new()
    {
        ValidAlgorithms = Algorithms,
        IssuerSigningKeys = issuer.SigningKeys,

        // Only the key that the token names: trying all would make a lookup of an unknown one look like a bad signature.
        TryAllIssuerSigningKeys = false,
        ValidAudience = options.Value.Audience,

        // By default the package takes "api://app/" for "api://app".
        IgnoreTrailingSlashWhenValidatingAudience = false,
        IssuerValidator = (name, token, _) => IssuerRule.IsValid(name, (JsonWebToken)token, issuer)
            ? name
            : throw new SecurityTokenInvalidIssuerException(),
        LifetimeValidator = (notBefore, expires, _, _) => IsCurrent(notBefore, expires),
    };

    /// <summary>
    /// Whether the token says that whoever reads it must understand extensions (RFC 7515 section 4.1.11). None is understood here, and
    /// the package ignores the header.
    /// </summary>
    private static bool HasCriticalHeader(JsonWebToken token)
    {
        using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(token.EncodedHeader));
        return header.RootElement.TryGetProperty("crit", out _);
    }

    private bool IsCurrent(DateTime? notBefore, DateTime? expires)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return expires > now - ClockSkew && (notBefore ?? DateTime.MinValue) <= now + ClockSkew;
    }

    [LoggerMessage(3102, LogLevel.Information, "An access token was refused ({Reason})")]
    private partial void LogRefused(string? reason);
}
