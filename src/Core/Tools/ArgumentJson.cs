using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Tools;

/// <summary>A call's arguments written as one JSON object, or why that cannot be.</summary>
internal readonly record struct ArgumentJson(ReadOnlyMemory<byte> Text, string? Error)
{
    public const int MaxBytes = 256 * 1024;

    public const int MaxDepth = 32;

    public static JsonDocumentOptions Rules => new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    private static ArgumentJson TooLarge => Refused($"The arguments are larger than {MaxBytes / 1024} KiB.");

    private static ArgumentJson TooDeep => Refused($"The arguments are nested deeper than {MaxDepth} levels.");

    public static ArgumentJson Write(IDictionary<string, object?>? arguments)
    {
        try
        {
            var buffer = new BoundedBuffer();
            using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { MaxDepth = MaxDepth }))
            {
                Write(writer, arguments);
            }

            // Read back once under the strict rules: values that came as ready-made JSON were copied unread, and one
            // with a name given twice could mean one thing to the schema and another to the tool.
            using var document = JsonDocument.Parse(buffer.Written, Rules);
            return new ArgumentJson(buffer.Written, null);
        }
        catch (BufferFullException)
        {
            return TooLarge;
        }
        catch (JsonException exception)
        {
            return exception.Message.Contains("depth", StringComparison.OrdinalIgnoreCase)
                ? TooDeep
                : Refused("The arguments are not a valid JSON object; every name may be given once.");
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException
            or NotSupportedException or FormatException)
        {
            // Broken surrogates, NaN, a value of a disposed document, an object that no serializer knows.
            return Refused("The arguments cannot be written as JSON.");
        }
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
                JsonSerializer.Serialize(writer, value, AIJsonUtilities.DefaultOptions.GetTypeInfo(value.GetType()));
            }
        }

        writer.WriteEndObject();
    }

    /// <summary>Stops the writer at the limit instead of after it has built all of an argument of many megabytes.</summary>
    private sealed class BoundedBuffer : IBufferWriter<byte>
    {
        private readonly ArrayBufferWriter<byte> _buffer = new();

        public ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

        public void Advance(int count)
        {
            _buffer.Advance(count);
            if (_buffer.WrittenCount > MaxBytes)
            {
                throw new BufferFullException();
            }
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => _buffer.GetMemory(Bounded(sizeHint));

        public Span<byte> GetSpan(int sizeHint = 0) => _buffer.GetSpan(Bounded(sizeHint));

        // The writer asks for the longest a value could become: a character as six bytes of escape.
        private static int Bounded(int sizeHint) =>
            sizeHint <= 8 * MaxBytes ? sizeHint : throw new BufferFullException();
    }

    private sealed class BufferFullException : Exception;
}
