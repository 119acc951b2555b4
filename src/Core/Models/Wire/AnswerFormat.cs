using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Models.Wire;

/// <summary>Makes of an answer, line by line, what the vendor's package reads without throwing.</summary>
/// <remarks>
/// One instance per answer. A JSON text may be a line of its own, the data of an event, or spread over several lines; each is passed on as
/// soon as it is complete. What is no answer at all is a <see cref="ProviderException"/>.
/// </remarks>
internal abstract class AnswerFormat(string provider, AnswerSize size, WireCall? call)
{
    private static readonly JsonReaderOptions Lenient = new() { AllowTrailingCommas = true, AllowMultipleValues = true, MaxDepth = 128 };

    private readonly ArrayBufferWriter<byte> _json = new();
    private JsonExtent _extent;
    private bool _any;

    protected string Provider => provider;

    protected AnswerSize Size => size;

    /// <summary>The call that it answers; null where nobody asks what is beside the answer.</summary>
    protected WireCall? Call => call;

    /// <summary>Whether the package reads events, between which lines may be empty or comments.</summary>
    protected virtual bool HasEvents => true;

    /// <summary>Whether nothing of the answer is to come any more.</summary>
    public bool HasEnded { get; protected set; }

    /// <summary>Whether a line may be passed on as it is, without its end. Notes what it says, where it does.</summary>
    public bool Passes(ReadOnlySpan<byte> line)
    {
        if (HasEnded || _json.WrittenCount > 0)
        {
            return false;
        }

        line = line is [.., (byte)'\r'] ? line[..^1] : line;
        var passes = line.IsEmpty || line[0] == ':' ? HasEvents && !line.Contains((byte)'\r') : !line.Contains((byte)'\r') && IsCanonical(line);
        _any |= passes && !line.IsEmpty;
        return passes;
    }

    /// <summary>Takes the next line, without its end.</summary>
    public void Take(ReadOnlySpan<byte> line, IBufferWriter<byte> output)
    {
        // A line end of its own makes an event end within what servers with other line ends mean as one.
        while (line.IndexOf((byte)'\r') is var at and >= 0 && !HasEnded)
        {
            TakeOne(line[..at], output);
            line = line[(at + 1)..];
        }

        TakeOne(line, output);
    }

    /// <summary>The answer has ended on the wire.</summary>
    public void End(IBufferWriter<byte> output)
    {
        if (HasEnded)
        {
            return;
        }

        if (_json.WrittenCount > 0)
        {
            throw ProviderFailures.CutOff(provider);
        }

        if (!_any)
        {
            throw ProviderFailures.EmptyAnswer(provider);
        }

        HasEnded = true;
        Finish(output, announced: false);
    }

    /// <summary>Whether a line, which is not empty, is one that the package reads as it is meant.</summary>
    protected abstract bool IsCanonical(ReadOnlySpan<byte> line);

    /// <summary>Passes on, with what has to be changed of it, a line that was just looked at; false where there is more to do.</summary>
    protected virtual bool Amends(ReadOnlySpan<byte> line, IBufferWriter<byte> output) => false;

    /// <summary>Passes on a JSON object, which is no error.</summary>
    protected abstract void Object(JsonElement json, IBufferWriter<byte> output);

    /// <summary>Passes on what is left.</summary>
    /// <param name="announced">Whether the answer said that it has ended, beyond ending.</param>
    protected abstract void Finish(IBufferWriter<byte> output, bool announced);

    /// <summary>Whether a value is there and says something: an empty object or text does not.</summary>
    protected static bool Says(JsonElement json, string name, out JsonElement value) =>
        json.TryGetProperty(name, out value) && value.ValueKind switch
        {
            JsonValueKind.Null or JsonValueKind.False => false,
            JsonValueKind.Object => value.EnumerateObject().Any(),
            JsonValueKind.Array => value.GetArrayLength() > 0,
            JsonValueKind.String => !value.ValueEquals(""u8),
            _ => true,
        };

    private void TakeOne(ReadOnlySpan<byte> line, IBufferWriter<byte> output)
    {
        if (!_any && line.StartsWith("\uFEFF"u8))
        {
            line = line[3..];
        }

        if (HasEnded || line.IsEmpty)
        {
            return;
        }

        if (_json.WrittenCount > 0)
        {
            Continue(line.StartsWith("data:"u8) ? line[5..] : line, output);
            return;
        }

        if (line.StartsWith("data:"u8))
        {
            if (AmendsOrFails(line, output))
            {
                _any = true;
            }
            else
            {
                Begin(line[5..].Trim((byte)' '), output);
            }

            return;
        }

        if (line.StartsWith("error:"u8) && line[6..].TrimStart((byte)' ') is [(byte)'{', ..] error)
        {
            // A field of llama.cpp's own.
            Begin(error, output);
            return;
        }

        switch (line.TrimStart(" \t"u8))
        {
            case [(byte)'{' or (byte)'[', ..] text:
                Begin(text, output);
                break;
            case [(byte)':', ..]:
                _any = true;
                break;
            case var text when !_any && !text.IsEmpty && !IsField(text):
                // A page of some proxy, or a word of a gateway. Later than that it is what no reader of events heeds.
                throw ProviderFailures.NoModelApi(provider);
        }
    }

    private bool AmendsOrFails(ReadOnlySpan<byte> line, IBufferWriter<byte> output)
    {
        try
        {
            return Amends(line, output);
        }
        catch (InvalidOperationException)
        {
            // A name within it holds half a surrogate pair.
            throw ProviderFailures.Malformed(provider);
        }
    }

    private static bool IsField(ReadOnlySpan<byte> line) =>
        line.StartsWith("event:"u8) || line.StartsWith("id:"u8) || line.StartsWith("retry:"u8);

    private void Begin(ReadOnlySpan<byte> json, IBufferWriter<byte> output)
    {
        _any = true;
        if (json.SequenceEqual("[DONE]"u8))
        {
            HasEnded = true;
            Finish(output, announced: true);
            return;
        }

        if (json.IsEmpty)
        {
            return;
        }

        _extent = default;
        Continue(json, output);
    }

    private void Continue(ReadOnlySpan<byte> piece, IBufferWriter<byte> output)
    {
        _extent.Add(piece);
        if (!_extent.Began)
        {
            throw ProviderFailures.Malformed(provider);
        }

        if (_json.WrittenCount == 0 && _extent.IsComplete)
        {
            Parse(piece, output);
            return;
        }

        size.Check(_json.WrittenCount + piece.Length);
        _json.Write(piece);
        // Line ends within JSON are space; without one, two numbers could become one.
        _json.Write("\n"u8);
        if (_extent.IsComplete)
        {
            Parse(_json.WrittenSpan, output);
            _json.Clear();
        }
    }

    private void Parse(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        if (!Utf8.IsValid(text))
        {
            text = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text));
        }

        try
        {
            var reader = new Utf8JsonReader(text, Lenient);
            while (reader.Read())
            {
                using var document = JsonDocument.ParseValue(ref reader);
                Value(document.RootElement, output);
            }
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // The latter where a name of the answer itself holds half a surrogate pair.
            throw ProviderFailures.Malformed(provider);
        }
    }

    private void Value(JsonElement json, IBufferWriter<byte> output)
    {
        if (json.ValueKind == JsonValueKind.Array)
        {
            foreach (var element in json.EnumerateArray())
            {
                Value(element, output);
            }
        }
        else if (json.ValueKind == JsonValueKind.Object && !HasEnded)
        {
            if (UpstreamErrors.In(json, call?.Key) is { } error)
            {
                throw ProviderFailures.FromBody(provider, error);
            }

            Object(json, output);
        }
    }
}
