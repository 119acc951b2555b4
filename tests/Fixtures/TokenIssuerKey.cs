using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Yggdrasil.Fixtures;

/// <summary>
/// A key that signs tokens. Written on the cryptography of the platform alone, so that the package that validates tokens is
/// not also the one that made them.
/// </summary>
public sealed class TokenIssuerKey : IDisposable
{
    private readonly RSA? _rsa;
    private readonly ECDsa? _ec;

    private TokenIssuerKey(string algorithm, RSA? rsa, ECDsa? ec)
    {
        Algorithm = algorithm;
        _rsa = rsa;
        _ec = ec;
    }

    public string Id { get; init; } = $"key-{Guid.NewGuid():N}";

    public string Algorithm { get; }

    /// <summary>The one issuer that may use the key, where its publisher serves several; as Microsoft publishes it.</summary>
    public string? IssuerOfKey { get; set; }

    /// <param name="algorithm">RS256, RS384 or PS256.</param>
    public static TokenIssuerKey Rsa(string algorithm = "RS256") => new(algorithm, RSA.Create(2048), null);

    /// <summary>A key for ES256.</summary>
    public static TokenIssuerKey Ec() => new("ES256", null, ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>The same key under another algorithm.</summary>
    public TokenIssuerKey As(string algorithm) =>
        new(algorithm, RSA.Create(_rsa!.ExportParameters(includePrivateParameters: true)), null) { Id = Id };

    /// <summary>Another key under the same id.</summary>
    public TokenIssuerKey Impostor() => new("RS256", RSA.Create(2048), null) { Id = Id };

    /// <summary>The public half as PEM, as an attacker finds it.</summary>
    public string PublicPem => _rsa?.ExportSubjectPublicKeyInfoPem() ?? _ec!.ExportSubjectPublicKeyInfoPem();

    public string Sign(JsonObject payload) => Sign(new JsonObject { ["alg"] = Algorithm, ["typ"] = "JWT", ["kid"] = Id }, payload);

    public string Sign(JsonObject header, JsonObject payload)
    {
        var text = Unsigned(header, payload);
        return $"{text}.{Base64Url.EncodeToString(Signature(Encoding.ASCII.GetBytes(text)))}";
    }

    public void Dispose()
    {
        _rsa?.Dispose();
        _ec?.Dispose();
    }

    /// <summary>Header and payload, encoded; what a signature is made of.</summary>
    internal static string Unsigned(JsonObject header, JsonObject payload) =>
        $"{Encode(header.ToJsonString())}.{Encode(payload.ToJsonString())}";

    internal static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    internal JsonObject ToJwk()
    {
        var jwk = ToPlainJwk();
        if (IssuerOfKey is not null)
        {
            jwk["issuer"] = IssuerOfKey;
        }

        return jwk;
    }

    private JsonObject ToPlainJwk()
    {
        if (_rsa?.ExportParameters(includePrivateParameters: false) is { } rsa)
        {
            return new JsonObject
            {
                ["kty"] = "RSA", ["use"] = "sig", ["kid"] = Id,
                ["n"] = Base64Url.EncodeToString(rsa.Modulus), ["e"] = Base64Url.EncodeToString(rsa.Exponent),
            };
        }

        var point = _ec!.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject
        {
            ["kty"] = "EC", ["use"] = "sig", ["kid"] = Id, ["crv"] = "P-256",
            ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y),
        };
    }

    private byte[] Signature(byte[] data) => Algorithm switch
    {
        "RS256" => _rsa!.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        "RS384" => _rsa!.SignData(data, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1),
        "PS256" => _rsa!.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
        "ES256" => _ec!.SignData(data, HashAlgorithmName.SHA256),
        _ => throw new InvalidOperationException($"No signature by {Algorithm}."),
    };
}
