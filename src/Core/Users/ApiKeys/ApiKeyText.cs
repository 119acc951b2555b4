using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Yggdrasil.Redaction;

namespace Yggdrasil.Users.ApiKeys;

/// <summary>How an API key is written.</summary>
/// <remarks>
/// <code>
///   ygk_ | id (16) | secret (64) | checksum (8)      lower-case hexadecimal
/// </code>
/// <para>Id: 64 random bits, the key's public name and its row's. Secret: 256 bits of <see cref="RandomNumberGenerator"/>. Checksum: the
/// first four bytes of the SHA-256 of what comes before it. So a secret scanner finds keys without false alarms, and a key that is
/// mistyped, cut off or invented is refused without a read of storage.</para>
/// <para>Stored is the SHA-256 of the whole. A slow hash with a salt protects passwords, of which people choose few; nobody can go
/// through 2^256 secrets, and no two keys share one. A fast hash is enough, and a slow one would be paid by every request.</para>
/// </remarks>
public static class ApiKeyText
{
    public const string Prefix = OwnTokens.ApiKey;

    /// <summary>Begins the public id of a key, which opens nothing.</summary>
    private const string IdPrefix = "key_";

    private const int IdLength = 16;
    private const int SecretLength = 64;
    private const int ChecksumLength = 8;
    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");

    /// <summary>Characters of every key.</summary>
    public static int Length => Prefix.Length + IdLength + SecretLength + ChecksumLength;

    /// <summary>A key that nobody can guess, and its id.</summary>
    internal static (string Id, string Text) Create()
    {
        var text = Prefix + RandomNumberGenerator.GetHexString(IdLength + SecretLength, lowercase: true);
        return (IdOf(text), text + Checksum(text));
    }

    /// <summary>The id of a key that is written as keys are.</summary>
    internal static bool TryRead(string text, out string id)
    {
        id = "";
        if (text.Length != Length || !text.StartsWith(Prefix, StringComparison.Ordinal)
            || text.AsSpan(Prefix.Length).ContainsAnyExcept(Hexadecimal)
            || !text.AsSpan(Length - ChecksumLength).SequenceEqual(Checksum(text[..^ChecksumLength])))
        {
            return false;
        }

        id = IdOf(text);
        return true;
    }

    /// <summary>Whether a text is the id of a key, as opposed to anything else that a path may hold.</summary>
    internal static bool IsId(string id) =>
        id.Length == IdPrefix.Length + IdLength && id.StartsWith(IdPrefix, StringComparison.Ordinal)
        && !id.AsSpan(IdPrefix.Length).ContainsAnyExcept(Hexadecimal);

    internal static byte[] HashOf(string text) => SHA256.HashData(Encoding.ASCII.GetBytes(text));

    private static string IdOf(string text) => string.Concat(IdPrefix, text.AsSpan(Prefix.Length, IdLength));

    private static string Checksum(string text) => Convert.ToHexStringLower(HashOf(text).AsSpan(0, ChecksumLength / 2));
}
