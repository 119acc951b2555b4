using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Yggdrasil.Protection;

/// <summary>A 256-bit key from which the data keys of owners are derived (HKDF-SHA256, RFC 5869).</summary>
public sealed class MasterKey
{
    private const int KeyBytes = 32;
    private readonly byte[] _key;

    private MasterKey(byte[] key)
    {
        _key = key;
        Id = BitConverter.ToUInt64(HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 8, info: "yggdrasil/key-id/v1"u8.ToArray()));
    }

    /// <summary>Names the key beside what it encrypted. Derived from it one way, so it reveals nothing of it.</summary>
    public ulong Id { get; }

    public static bool TryParse(string? base64, [NotNullWhen(true)] out MasterKey? key)
    {
        var bytes = new byte[KeyBytes + 1];
        key = base64 is not null && Convert.TryFromBase64String(base64, bytes, out var length) && length == KeyBytes
            ? new MasterKey(bytes[..KeyBytes])
            : null;
        return key is not null;
    }

    /// <summary>The key under which things of one owner are named that are looked up by their content.</summary>
    internal byte[] DeriveNamingKey(string partition) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, KeyBytes, info: Encoding.UTF8.GetBytes($"yggdrasil/name/v1/{partition}"));

    /// <summary>The key of tickets that stand for their caller for a while.</summary>
    internal byte[] DeriveTicketKey() => HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, KeyBytes, info: "yggdrasil/ticket/v1"u8.ToArray());

    /// <summary>The key of one owner's data. Another owner's content cannot be read with it.</summary>
    internal byte[] DeriveDataKey(string partition) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, KeyBytes, info: Encoding.UTF8.GetBytes($"yggdrasil/data/v1/{partition}"));
}
