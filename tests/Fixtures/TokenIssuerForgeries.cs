using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Yggdrasil.Fixtures;

/// <summary>Values of the <c>Authorization</c> header that must not get anybody in, by the attack or mistake they are.</summary>
public static class TokenIssuerForgeries
{
    private const string User = "mallory";

    private static readonly Dictionary<string, Func<TokenIssuer, string>> Makers = new()
    {
        ["alg none"] = issuer => $"Bearer {TokenIssuerKey.Unsigned(Header(issuer, "none"), issuer.Claims(User))}.",
        ["alg None with a signature"] = issuer => $"Bearer {TokenIssuerKey.Unsigned(Header(issuer, "None"), issuer.Claims(User))}.AAAA",
        ["no signature"] = issuer => $"Bearer {TokenIssuerKey.Unsigned(Header(issuer, "RS256"), issuer.Claims(User))}.",
        ["HS256 with the public key as secret"] = issuer => $"Bearer {SignedByPublicKey(issuer)}",
        ["RS384 with the right key"] = issuer => $"Bearer {Resigned(issuer, "RS384")}",
        ["wrong audience"] = issuer => $"Bearer {issuer.Token(User, ("aud", "api://other"))}",
        ["no audience"] = issuer => $"Bearer {issuer.Token(User, ("aud", null))}",
        ["audience that only begins so"] = issuer => $"Bearer {issuer.Token(User, ("aud", TokenIssuer.Audience + ".evil"))}",
        ["audience with a slash"] = issuer => $"Bearer {issuer.Token(User, ("aud", TokenIssuer.Audience + "/"))}",
        ["audience in other case"] = issuer => $"Bearer {issuer.Token(User, ("aud", TokenIssuer.Audience.ToUpperInvariant()))}",
        ["critical header"] = issuer => $"Bearer {Critical(issuer, new JsonArray("exp"))}",
        ["critical header of nothing"] = issuer => $"Bearer {Critical(issuer, new JsonArray())}",
        ["critical header that is null"] = issuer => $"Bearer {Critical(issuer, null)}",
        ["wrong issuer"] = issuer => $"Bearer {issuer.Token(User, ("iss", "https://issuer.example"))}",
        ["no issuer"] = issuer => $"Bearer {issuer.Token(User, ("iss", null))}",
        ["expired"] = issuer => $"Bearer {issuer.Token(User, ("exp", FromNow(-90)), ("nbf", FromNow(-3600)))}",
        ["not yet valid"] = issuer => $"Bearer {issuer.Token(User, ("nbf", FromNow(90)))}",
        ["no expiry"] = issuer => $"Bearer {issuer.Token(User, ("exp", null))}",
        ["expiry that is text"] = issuer => $"Bearer {issuer.Token(User, ("exp", "never"))}",
        ["expiry before the epoch"] = issuer => $"Bearer {issuer.Token(User, ("exp", -1e18))}",
        ["unknown key id"] = issuer => $"Bearer {SignedBy(TokenIssuerKey.Rsa(), issuer)}",
        ["no key id"] = issuer => $"Bearer {issuer.Key.Sign(new JsonObject { ["alg"] = "RS256" }, issuer.Claims(User))}",
        ["key of another issuer under a known id"] = issuer => $"Bearer {SignedBy(issuer.Key.Impostor(), issuer)}",
        ["key that the token brings along"] = issuer => $"Bearer {SignedByItsOwnKey(issuer)}",
        ["tampered payload"] = issuer => $"Bearer {Tampered(issuer)}",
        ["1 MB token"] = issuer => $"Bearer {issuer.Token(User, ("padding", new string('x', 1024 * 1024)))}",
        ["token over 16 KiB"] = issuer => $"Bearer {issuer.Token(User, ("padding", new string('x', 13 * 1024)))}",
        ["two tokens"] = issuer => $"Bearer {issuer.Token(User)}, Bearer {issuer.Token(User)}",
        ["two tokens by a space"] = issuer => $"Bearer {issuer.Token(User)} {issuer.Token(User)}",
        ["empty bearer"] = _ => "Bearer ",
        ["bearer alone"] = _ => "Bearer",
        ["dots alone"] = _ => "Bearer ..",
        ["no base64"] = _ => "Bearer %%%.%%%.%%%",
        ["no JSON"] = _ => $"Bearer {TokenIssuerKey.Encode("hello")}.{TokenIssuerKey.Encode("hello")}.AAAA",
        ["5 parts, as an encrypted token has"] = issuer => $"Bearer {issuer.Token(User)}.AAAA.AAAA",
        ["other scheme"] = issuer => $"Basic {issuer.Token(User)}",
        ["no scheme"] = issuer => issuer.Token(User),
        ["scheme and token in one word"] = issuer => $"Bearer{issuer.Token(User)}",
        ["development credentials"] = _ => "Bearer dev:alice:admin",
        ["no oid"] = issuer => $"Bearer {issuer.Token(User, ("oid", null))}",
        ["empty oid"] = issuer => $"Bearer {issuer.Token(User, ("oid", ""))}",
        ["two oids"] = issuer => $"Bearer {issuer.Token(User, ("oid", new JsonArray("alice", "bob")))}",
        ["oid that is a number"] = issuer => $"Bearer {issuer.Token(User, ("oid", 7))}",
        ["oid that is an object"] = issuer => $"Bearer {issuer.Token(User, ("oid", new JsonObject { ["oid"] = "alice" }))}",
        ["oid too long for a key"] = issuer => $"Bearer {issuer.Token(User, ("oid", new string('o', 600)))}",
        ["two tenants"] = issuer => $"Bearer {issuer.Token(User, ("tid", new JsonArray(TokenIssuer.Tenant, "tenant-2")))}",
        ["tenant that is not allowed"] = issuer => $"Bearer {issuer.Token(User, ("tid", "tenant-2"))}",
        ["no tenant where tenants are listed"] = issuer => $"Bearer {issuer.Token(User, ("tid", null))}",
    };

    public static IEnumerable<string> Names => Makers.Keys;

    /// <summary>The header's value. The last two are forged only where <see cref="TokenIssuer.Tenant"/> is the one allowed tenant.</summary>
    public static string Make(string name, TokenIssuer issuer) => Makers[name](issuer);

    private static JsonObject Header(TokenIssuer issuer, string algorithm) =>
        new() { ["alg"] = algorithm, ["typ"] = "JWT", ["kid"] = issuer.Key.Id };

    private static string Critical(TokenIssuer issuer, JsonNode? critical)
    {
        var header = Header(issuer, "RS256");
        header["crit"] = critical;
        return issuer.Key.Sign(header, issuer.Claims(User));
    }

    private static long FromNow(int seconds) => DateTimeOffset.UtcNow.AddSeconds(seconds).ToUnixTimeSeconds();

    private static string SignedBy(TokenIssuerKey key, TokenIssuer issuer)
    {
        using (key)
        {
            return key.Sign(issuer.Claims(User));
        }
    }

    private static string Resigned(TokenIssuer issuer, string algorithm) => SignedBy(issuer.Key.As(algorithm), issuer);

    private static string SignedByPublicKey(TokenIssuer issuer)
    {
        var text = TokenIssuerKey.Unsigned(Header(issuer, "HS256"), issuer.Claims(User));
        var signature = HMACSHA256.HashData(Encoding.ASCII.GetBytes(issuer.Key.PublicPem), Encoding.ASCII.GetBytes(text));
        return $"{text}.{Base64Url.EncodeToString(signature)}";
    }

    private static string SignedByItsOwnKey(TokenIssuer issuer)
    {
        using var key = TokenIssuerKey.Rsa();
        return key.Sign(new JsonObject { ["alg"] = "RS256", ["kid"] = key.Id, ["jwk"] = key.ToJwk() }, issuer.Claims(User));
    }

    private static string Tampered(TokenIssuer issuer)
    {
        var parts = issuer.Token(User).Split('.');
        return $"{parts[0]}.{TokenIssuerKey.Encode(issuer.Claims("alice", "admin").ToJsonString())}.{parts[2]}";
    }
}
