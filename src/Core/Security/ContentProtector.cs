using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace Yggdrasil.Security;

/// <summary>Encrypts and decrypts content with AES-256-GCM under the owner's data key.</summary>
/// <remarks>
/// An envelope is <c>1 | key id (8) | nonce (12) | tag (16) | ciphertext</c>. The nonce is fresh and random for each
/// encryption; a data key serves one owner, so 2^32 values of one owner stay within NIST SP 800-38D's bound for random
/// nonces (section 8.3). The newest key encrypts; every configured key decrypts.
/// </remarks>
public sealed class ContentProtector
{
    private const byte Version = 1;
    private const int KeyIdOffset = 1;
    private const int NonceOffset = KeyIdOffset + sizeof(ulong);
    private const int NonceBytes = 12;
    private const int TagOffset = NonceOffset + NonceBytes;
    private const int TagBytes = 16;
    private const int HeaderBytes = TagOffset + TagBytes;

    private readonly MasterKey _current;
    private readonly Dictionary<ulong, MasterKey> _keys = [];

    public ContentProtector(IOptions<ProtectionOptions> options)
    {
        var settings = options.Value;
        if (settings.Problems().FirstOrDefault() is { } problem || !MasterKey.TryParse(settings.Key, out var current))
        {
            throw new OptionsValidationException(
                ProtectionOptions.Section, typeof(ProtectionOptions), settings.Problems());
        }

        _current = current;
        _keys[current.Id] = current;
        foreach (var text in settings.PreviousKeys)
        {
            if (MasterKey.TryParse(text, out var previous))
            {
                _keys[previous.Id] = previous;
            }
        }
    }

    /// <summary>Names the key that encrypts; reveals nothing of it.</summary>
    public string NewestKeyId => _current.Id.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Whether there are older keys, so that there may be content which only they can read.</summary>
    public bool HasPreviousKeys => _keys.Count > 1;

    /// <summary>Whether the newest key protects this envelope already. False for what is no envelope.</summary>
    public bool IsNewest(ReadOnlySpan<byte> envelope) =>
        IsEnvelope(envelope) && BinaryPrimitives.ReadUInt64LittleEndian(envelope[KeyIdOffset..]) == _current.Id;

    public byte[] Protect(ReadOnlySpan<byte> content, ContentAddress address)
    {
        var envelope = new byte[HeaderBytes + content.Length];
        var span = envelope.AsSpan();
        span[0] = Version;
        BinaryPrimitives.WriteUInt64LittleEndian(span[KeyIdOffset..], _current.Id);
        RandomNumberGenerator.Fill(span.Slice(NonceOffset, NonceBytes));
        using var cipher = new AesGcm(_current.DeriveDataKey(address.Partition), TagBytes);
        cipher.Encrypt(
            span.Slice(NonceOffset, NonceBytes), content, span[HeaderBytes..], span.Slice(TagOffset, TagBytes), address.AssociatedData());
        return envelope;
    }

    /// <exception cref="ContentProtectionException">The value was changed, moved, or encrypted with an unknown key.</exception>
    public byte[] Unprotect(ReadOnlySpan<byte> envelope, ContentAddress address)
    {
        if (!IsEnvelope(envelope))
        {
            throw new ContentProtectionException(address, "it is not in a known format");
        }

        if (!_keys.TryGetValue(BinaryPrimitives.ReadUInt64LittleEndian(envelope[KeyIdOffset..]), out var key))
        {
            throw new ContentProtectionException(address, "its key is not configured (see Protection__PreviousKeys)");
        }

        var content = new byte[envelope.Length - HeaderBytes];
        using var cipher = new AesGcm(key.DeriveDataKey(address.Partition), TagBytes);
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

    private static bool IsEnvelope(ReadOnlySpan<byte> bytes) => bytes.Length >= HeaderBytes && bytes[0] == Version;
}
