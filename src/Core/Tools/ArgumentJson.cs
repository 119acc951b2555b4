using System.Buffers;
using System.Text.Json;
using Yggdrasil.Foundation.Schemas;

namespace Yggdrasil.Tools;

/// <summary>A call's arguments written as one JSON object, or why that cannot be.</summary>
internal readonly record struct ArgumentJson(ReadOnlyMemory<byte> Text, string? Error)
{
    public const int MaxBytes = 256 * 1024;

    public const int MaxDepth = ValueSchema.MaxDepth;

    public static JsonDocumentOptions Rules => new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    public static ArgumentJson Of(IDictionary<string, object?>? arguments)
    {
        var buffer = new BoundedBuffer();
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { MaxDepth = MaxDepth });
        try
        {
            Write(writer, arguments);
        }
        catch (Exception exception) when (exception is BufferFullException or JsonException or InvalidOperationException
            or ArgumentException or NotSupportedException or FormatException)
        {
            // The serializer wraps what it meets on the way, so the writer's state says what went wrong. The rest are
            // broken surrogates, NaN, values of disposed documents and objects that no serializer knows.
            return buffer.IsFull ? Refused($"The arguments are larger than {MaxBytes / 1024} KiB.")
                : writer.CurrentDepth >= MaxDepth ? Refused($"The arguments are nested deeper than {MaxDepth} levels.")
                : Refused("The arguments cannot be written as JSON.");
        }

        return Reread(buffer.Written);
    }

    private static ArgumentJson Refused(string error) => new(default, error);

    private static void Write(Utf8JsonWriter writer, IDictionary<string, object?>? arguments)
    {
        writer.WriteStartObject();
        foreach (var (name, value) in arguments ?? new Dictionary<string, object?>())
        {
            writer.WritePropertyName(name);
            if (value is null)
            {
                writer.WriteNullValue();
            }
            else
            {
                JsonSerializer.Serialize(writer, value, ToolJson.Options.GetTypeInfo(value.GetType()));
            }
        }

        writer.WriteEndObject();
        writer.Flush();
    }

    /// <summary>Values that came as ready-made JSON were copied unread.</summary>
    private static ArgumentJson Reread(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Rules);
            return new ArgumentJson(json, null);
        }
        catch (JsonException)
        {
            // A name given twice could mean one value to the schema and another to the tool.
            return Refused("The arguments are not valid JSON; every name may be given only once.");
        }
    }

    /// <summary>
    /// Stops the writer at the limit instead of after it has built all of an argument of many megabytes.
    /// </summary>
    private sealed class BoundedBuffer : IBufferWriter<byte>
    {
        private readonly ArrayBufferWriter<byte> _buffer = new();

        public bool IsFull { get; private set; }

        public ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

        public void Advance(int count)
        {
            // Once full, the writer may still flush what it holds when it is disposed.
            if (!IsFull)
            {
                IsFull = _buffer.WrittenCount + count > MaxBytes;
                ThrowIfFull();
                _buffer.Advance(count);
            }
        }

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            // The writer asks for the longest a value could become: a character as six bytes of escape.
            IsFull |= sizeHint > 8 * MaxBytes;
            ThrowIfFull();
            return _buffer.GetMemory(sizeHint);
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        private void ThrowIfFull()
        {
            if (IsFull)
            {
                throw new BufferFullException();
            }
        }
    }

    private sealed class BufferFullException : Exception;
}
