using System.Globalization;
using System.Text;

namespace Yggdrasil.Prompts;

/// <summary>How a message says that it was put off: by a first field, added to the sender's bytes without touching them.</summary>
public static class Deferral
{
    /// <summary>The field: reserved for this, but a sender may copy a message that has it.</summary>
    public const string Field = "deferredSince";

    /// <summary>The most bytes it adds.</summary>
    public static readonly int MaxBytes = Stamp(DateTimeOffset.MaxValue).Length;

    private static readonly byte[] Start = Encoding.UTF8.GetBytes($"{{\"{Field}\":\"");

    /// <param name="body">A JSON object with at least one field, without a byte order mark.</param>
    public static BinaryData Add(BinaryData body, DateTimeOffset since)
    {
        var bytes = body.ToMemory().Span;
        return BinaryData.FromBytes((byte[])[.. Stamp(since), .. bytes[(bytes.IndexOf((byte)'{') + 1)..]]);
    }

    /// <summary>The sender's bytes.</summary>
    public static BinaryData Remove(BinaryData body)
    {
        var bytes = body.ToMemory().Span;
        return bytes.StartsWith(Start) && bytes.IndexOf((byte)',') is > 0 and var end
            ? BinaryData.FromBytes((byte[])[(byte)'{', .. bytes[(end + 1)..]])
            : body;
    }

    private static byte[] Stamp(DateTimeOffset since) =>
        Encoding.UTF8.GetBytes($"{{\"{Field}\":\"{since.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)}\",");
}
