using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace Yggdrasil.Runs.Events;

internal enum CursorKind : byte
{
    /// <summary>A committed step, or the end of the run.</summary>
    Lasting = 1,
    Delta,
    Restarted,
    ToolStarted,
}

/// <summary>Where in a run's events a reader is; written, it is the id of the event it has seen last.</summary>
/// <param name="Position">The sequence number of the journal entry; for live events, of the next one at the time.</param>
/// <param name="Line">For live events, what tells those of one epoch and turn apart.</param>
internal readonly record struct EventCursor(CursorKind Kind, long Position, int Epoch = 0, int Turn = 0, long Line = 0)
{
    private const int PayloadBytes = 1 + 8 + 4 + 4 + 8;
    private const int CheckBytes = 4;

    /// <summary>The first journal entry that the reader has not seen.</summary>
    public long From => Kind == CursorKind.Lasting ? Position + 1 : Position;

    /// <summary>The opaque form that callers see and send back.</summary>
    public string ToId(string runId)
    {
        Span<byte> bytes = stackalloc byte[PayloadBytes + CheckBytes];
        bytes[0] = (byte)Kind;
        BinaryPrimitives.WriteInt64LittleEndian(bytes[1..], Position);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[9..], Epoch);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[13..], Turn);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[17..], Line);
        Check(runId, bytes[..PayloadBytes], bytes[PayloadBytes..]);
        return WebEncoders.Base64UrlEncode(bytes);
    }

    /// <summary>Reads an id; null for what is none of this run's.</summary>
    public static EventCursor? Parse(string id, string runId)
    {
        byte[] bytes;
        try
        {
            bytes = WebEncoders.Base64UrlDecode(id);
        }
        catch (FormatException)
        {
            return null;
        }

        Span<byte> check = stackalloc byte[CheckBytes];
        if (bytes.Length != PayloadBytes + CheckBytes || !Enum.IsDefined((CursorKind)bytes[0]))
        {
            return null;
        }

        Check(runId, bytes.AsSpan(0, PayloadBytes), check);
        var cursor = new EventCursor(
            (CursorKind)bytes[0],
            BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(1)),
            BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(9)),
            BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(13)),
            BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(17)));
        return check.SequenceEqual(bytes.AsSpan(PayloadBytes)) && cursor.Position >= 0 ? cursor : null;
    }

    /// <summary>Against mistakes, such as another run's id, and no more: who makes one up sees the same run's events.</summary>
    private static void Check(string runId, ReadOnlySpan<byte> payload, Span<byte> check)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(runId));
        hash.AppendData(payload);
        hash.GetHashAndReset().AsSpan(0, CheckBytes).CopyTo(check);
    }
}
