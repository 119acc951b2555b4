using System.Buffers.Binary;
using System.Text;

namespace Yggdrasil.Fixtures;

/// <summary>A protobuf message read by field numbers, without its schema: as much of the wire format as OTLP uses.</summary>
public sealed class Protobuf
{
    private readonly List<(int Field, object Value)> _fields = [];

    public Protobuf(ReadOnlySpan<byte> message)
    {
        while (!message.IsEmpty)
        {
            var key = Varint(ref message);
            object value;
            switch (key & 7)
            {
                case 0:
                    value = Varint(ref message);
                    break;
                case 1:
                    value = BinaryPrimitives.ReadUInt64LittleEndian(Take(ref message, 8));
                    break;
                case 2:
                    value = Take(ref message, (int)Varint(ref message)).ToArray();
                    break;
                case 5:
                    value = (ulong)BinaryPrimitives.ReadUInt32LittleEndian(Take(ref message, 4));
                    break;
                default:
                    throw new FormatException($"Wire type {key & 7} is not known.");
            }

            _fields.Add(((int)(key >> 3), value));
        }
    }

    public IEnumerable<Protobuf> Messages(int field) => Values(field).Select(value => new Protobuf((byte[])value));

    public Protobuf? Message(int field) => Messages(field).FirstOrDefault();

    public string Text(int field) => Values(field).FirstOrDefault() is byte[] bytes ? Encoding.UTF8.GetString(bytes) : "";

    /// <summary>Bytes in lower-case hexadecimal, as ids are written.</summary>
    public string Hex(int field) => Values(field).FirstOrDefault() is byte[] bytes ? Convert.ToHexStringLower(bytes) : "";

    public ulong? Number(int field) => (ulong?)Values(field).FirstOrDefault();

    private IEnumerable<object> Values(int field) => _fields.Where(entry => entry.Field == field).Select(entry => entry.Value);

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> message, int length)
    {
        var taken = message[..length];
        message = message[length..];
        return taken;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> message)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = Take(ref message, 1)[0];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }
}
