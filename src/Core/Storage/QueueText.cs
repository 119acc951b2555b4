using System.Text;

namespace Yggdrasil.Storage;

/// <summary>What a message of a queue says, however it was put in.</summary>
public static class QueueText
{
    /// <summary>What a message says: it is Base64, or as it is where somebody put it in by hand. Byte order marks are left out.</summary>
    /// <remarks>Not left to the host, which would move what it cannot decode to where nobody can.</remarks>
    public static BinaryData Decode(BinaryData message)
    {
        var plain = WithoutByteOrderMark(message.ToMemory());
        var decoded = new byte[plain.Length];
        return Convert.TryFromBase64String(Encoding.UTF8.GetString(plain.Span), decoded, out var length)
            ? BinaryData.FromBytes(WithoutByteOrderMark(decoded.AsMemory(0, length)))
            : BinaryData.FromBytes(plain);
    }

    private static ReadOnlyMemory<byte> WithoutByteOrderMark(ReadOnlyMemory<byte> bytes) =>
        bytes.Span.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
}
