using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Caching.Memory;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Protection;

/// <summary>Encrypts and decrypts content with AES-256-GCM under the owner's data key.</summary>
/// <remarks>
/// An envelope is <c>1 | key id (8) | nonce (12) | tag (16) | ciphertext</c>. The nonce is fresh and random for each
/// encryption; a data key serves one owner, so 2^32 values of one owner stay within NIST SP 800-38D's bound for random
/// nonces (section 8.3). Which key encrypts and which decrypt is said by
/// <see cref="MasterKeyRing"/>.
/// </remarks>
public sealed class ContentProtector(MasterKeyRing keys) : IDisposable
{
    /// <summary>Data keys that are kept, one an owner: deriving one costs more than encrypting a value with it.</summary>
    private const int MaxKeptKeys = 10_000;
    private static readonly TimeSpan KeptUnused = TimeSpan.FromMinutes(10);

    private const byte Version = 1;
    private const int KeyIdOffset = 1;
    private const int NonceOffset = KeyIdOffset + sizeof(ulong);
    private const int NonceBytes = 12;
    private const int TagOffset = NonceOffset + NonceBytes;
    private const int TagBytes = 16;
    private const int HeaderBytes = TagOffset + TagBytes;

    private readonly MemoryCache _dataKeys = new(new MemoryCacheOptions { SizeLimit = MaxKeptKeys });

    /// <summary>Names the key that encrypts; reveals nothing of it.</summary>
    /// <exception cref="SecretUnavailableException">There is no key to encrypt with.</exception>
    public string NewestKeyId => keys.Current.Id.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Whether there are older keys, so that there may be content which only they can read.</summary>
    public bool HasPreviousKeys => keys.HasPrevious;

    /// <summary>Whether the newest key protects this envelope already. False for what is no envelope.</summary>
    /// <exception cref="SecretUnavailableException">There is no key to encrypt with.</exception>
    public bool IsNewest(ReadOnlySpan<byte> envelope) => IsEnvelope(envelope) && KeyId(envelope) == keys.Current.Id;

    /// <exception cref="SecretUnavailableException">There is no key to encrypt with.</exception>
    public byte[] Protect(ReadOnlySpan<byte> content, ContentAddress address)
    {
        var current = keys.Current;
        var envelope = new byte[HeaderBytes + content.Length];
        var span = envelope.AsSpan();
        span[0] = Version;
        BinaryPrimitives.WriteUInt64LittleEndian(span[KeyIdOffset..], current.Id);
        RandomNumberGenerator.Fill(span.Slice(NonceOffset, NonceBytes));
        using var cipher = new AesGcm(DataKey(current, address.Partition), TagBytes);
        cipher.Encrypt(
            span.Slice(NonceOffset, NonceBytes), content, span[HeaderBytes..], span.Slice(TagOffset, TagBytes), address.AssociatedData());
        return envelope;
    }

    /// <summary>
    /// A name, of 64 hexadecimal digits, for what is looked up by its content. From a plain hash, whoever reads the storage could try
    /// out what a short content may have been. Another newest key gives another name.
    /// </summary>
    /// <exception cref="SecretUnavailableException">There is no key.</exception>
    public string NameFor(string content, string partition) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(keys.Current.DeriveNamingKey(partition), Encoding.UTF8.GetBytes(content)));

    /// <summary>As <see cref="Unprotect"/>, and asks the vault first for a key that this instance does not know yet.</summary>
    /// <exception cref="ContentProtectionException">The value was changed, moved, or encrypted with an unknown key.</exception>
    public async ValueTask<byte[]> UnprotectAsync(
        ReadOnlyMemory<byte> envelope, ContentAddress address, CancellationToken cancellationToken)
    {
        if (IsEnvelope(envelope.Span) && !keys.TryGet(KeyId(envelope.Span), out _))
        {
            await keys.RefreshAsync(cancellationToken);
        }

        return Unprotect(envelope.Span, address);
    }

    /// <exception cref="ContentProtectionException">The value was changed, moved, or encrypted with an unknown key.</exception>
    public byte[] Unprotect(ReadOnlySpan<byte> envelope, ContentAddress address)
    {
        if (!IsEnvelope(envelope))
        {
            throw new ContentProtectionException(address, "it is not in a known format");
        }

        if (!keys.TryGet(KeyId(envelope), out var key))
        {
            throw new ContentProtectionException(
                address, "its key is unknown (see Protection__PreviousKeys, or enable its version of content-protection-key)");
        }

        var content = new byte[envelope.Length - HeaderBytes];
        using var cipher = new AesGcm(DataKey(key, address.Partition), TagBytes);
        try
        {
            cipher.Decrypt(
                envelope.Slice(NonceOffset, NonceBytes), envelope[HeaderBytes..], envelope.Slice(TagOffset, TagBytes), content, address.AssociatedData());
        }
        catch (AuthenticationTagMismatchException mismatch)
        {
            throw new ContentProtectionException(address, "it was changed or moved", mismatch);
        }

        return content;
    }

    public void Dispose() => _dataKeys.Dispose();

    private byte[] DataKey(MasterKey key, string partition) => _dataKeys.GetOrCreate((key.Id, partition), entry =>
    {
        entry.SetSize(1).SetSlidingExpiration(KeptUnused);
        return key.DeriveDataKey(partition);
    })!;

    private static bool IsEnvelope(ReadOnlySpan<byte> bytes) => bytes.Length >= HeaderBytes && bytes[0] == Version;

    private static ulong KeyId(ReadOnlySpan<byte> envelope) => BinaryPrimitives.ReadUInt64LittleEndian(envelope[KeyIdOffset..]);
}
