using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Yggdrasil.Protection;

namespace Yggdrasil.Work.Prompts;

/// <summary>How a message says that it was put off: by a first field, added to the sender's bytes without touching them.</summary>
/// <remarks>
/// <code>{"deferredSince":"2026-01-02T03:04:05.0000000Z 9f86…", …}</code>
/// The 64 digits after the time bind it to the message: whoever may write to the queue could otherwise have a prompt circulate for ever,
/// or be given up at once. They are made with the content key, so a message that was put off under a key that is no longer the newest
/// counts as one that was never put off, and its patience begins again.
/// </remarks>
public sealed class Deferral(ContentProtector protector)
{
    /// <summary>The field: reserved for this, but a sender may copy a message that has it.</summary>
    public const string Field = "deferredSince";

    /// <summary>The most bytes it adds.</summary>
    public static readonly int MaxBytes = Start.Length + TimeLength + 1 + MarkLength + End.Length;

    // Of the round-trip format in UTC.
    private const int TimeLength = 28;
    private const int MarkLength = 64;

    // No owner's partition: those have a '!'.
    private const string Purpose = "prompts";

    private static ReadOnlySpan<byte> Start => "{\"deferredSince\":\""u8;

    private static ReadOnlySpan<byte> End => "\","u8;

    /// <summary>The message with the time at which it was first put off, in place of any that it has.</summary>
    /// <param name="body">A JSON object with at least one field, without a byte order mark.</param>
    public BinaryData Add(BinaryData body, DateTimeOffset since)
    {
        var bytes = Remove(body).ToMemory().Span;
        var rest = bytes[(bytes.IndexOf((byte)'{') + 1)..];
        var time = since.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        return BinaryData.FromBytes((byte[])[.. Start, .. Encoding.UTF8.GetBytes($"{time} {MarkOf(time, rest)}"), .. End, .. rest]);
    }

    /// <summary>When the message was first put off; null where it was not, or says so itself.</summary>
    public DateTimeOffset? SinceOf(BinaryData body)
    {
        var bytes = body.ToMemory().Span;
        if (!IsStamped(bytes, MarkLength))
        {
            return null;
        }

        var time = Encoding.UTF8.GetString(bytes.Slice(Start.Length, TimeLength));
        var mark = bytes.Slice(Start.Length + TimeLength + 1, MarkLength);
        return CryptographicOperations.FixedTimeEquals(mark, Encoding.UTF8.GetBytes(MarkOf(time, bytes[MaxBytes..])))
            && DateTimeOffset.TryParseExact(time, "O", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since)
            ? since
            : null;
    }

    /// <summary>The sender's bytes; also of a message that the version before put off, which wrote the time alone.</summary>
    public static BinaryData Remove(BinaryData body)
    {
        var bytes = body.ToMemory().Span;
        var length = IsStamped(bytes, MarkLength) ? MaxBytes
            : IsStamped(bytes, markLength: 0) ? Start.Length + TimeLength + End.Length
            : 0;
        return length > 0 ? BinaryData.FromBytes((byte[])[(byte)'{', .. bytes[length..]]) : body;
    }

    private static bool IsStamped(ReadOnlySpan<byte> bytes, int markLength)
    {
        var length = markLength > 0 ? TimeLength + 1 + markLength : TimeLength;
        return bytes.StartsWith(Start)
            && bytes.Length > Start.Length + length + End.Length
            && bytes[(Start.Length + length)..].StartsWith(End)
            && !bytes.Slice(Start.Length, length).ContainsAny((byte)'"', (byte)'\\');
    }

    private string MarkOf(string time, ReadOnlySpan<byte> rest) =>
        protector.NameFor($"{Field}\n{time}\n{Convert.ToHexStringLower(SHA256.HashData(rest))}", Purpose);
}
