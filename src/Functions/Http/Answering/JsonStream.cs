using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;

namespace Yggdrasil.Functions.Http.Answering;

/// <summary>Reads a long JSON body value by value, and hashes it on the way: of the whole there is never more than one value in memory.</summary>
/// <param name="maxBytes">The longest body.</param>
/// <param name="maxValueBytes">The longest single value.</param>
/// <param name="areMany">Whether several values follow one another, as in NDJSON.</param>
internal sealed class JsonStream(Stream body, long maxBytes, int maxValueBytes, bool areMany) : IDisposable
{
    private const int FirstBuffer = 64 * 1024;

    /// <summary>Bytes that it takes to tell a byte order mark.</summary>
    private const int MarkLength = 3;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = ContractJson.MaxDepth, AllowMultipleValues = areMany });
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private int _start;
    private int _end;
    private long _read;
    private bool _isAtEnd;

    /// <summary>Adds to the hash what belongs to the body, but is not in it.</summary>
    public void Hash(ReadOnlySpan<byte> more) => _hash.AppendData(more);

    /// <summary>Of all that was read. Call once, at the end.</summary>
    public string TakeHash() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    /// <summary>The next token, with its name where it is a property's; null at the end.</summary>
    /// <exception cref="InvalidRequestException">The body is not JSON.</exception>
    public async ValueTask<(JsonTokenType Type, string? Name)?> ReadTokenAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryReadToken(out var token))
            {
                return token;
            }

            if (_isAtEnd)
            {
                return null;
            }

            await FillAsync(cancellationToken);
        }
    }

    /// <summary>The next value, whole; null where an array, or the body, ends instead.</summary>
    /// <exception cref="InvalidRequestException">The body is not JSON.</exception>
    /// <exception cref="PayloadTooLargeException">The value, or the body, is too long.</exception>
    public async ValueTask<JsonElement?> ReadValueAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryReadValue(out var value, out var isEnd))
            {
                return isEnd ? null : value;
            }

            if (_isAtEnd)
            {
                return null;
            }

            await FillAsync(cancellationToken);
        }
    }

    public void Dispose()
    {
        // It held a caller's content.
        ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
        _buffer = [];
        _hash.Dispose();
    }

    private bool TryReadToken(out (JsonTokenType Type, string? Name)? token)
    {
        var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), _isAtEnd, _state);
        token = null;
        try
        {
            if (!reader.Read())
            {
                return false;
            }

            token = (reader.TokenType, reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null);
        }
        catch (JsonException failure)
        {
            throw new InvalidRequestException("body", RequestBody.Describe(failure));
        }
        catch (InvalidOperationException)
        {
            throw new InvalidRequestException("body", "A field's name is not valid Unicode.");
        }

        Advance(reader);
        return true;
    }

    private bool TryReadValue(out JsonElement value, out bool isEnd)
    {
        (value, isEnd) = (default, false);
        var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), _isAtEnd, _state);
        try
        {
            if (!reader.Read())
            {
                return false;
            }

            if (reader.TokenType == JsonTokenType.EndArray)
            {
                isEnd = true;
                Advance(reader);
                return true;
            }

            if (!JsonDocument.TryParseValue(ref reader, out var document))
            {
                return false;
            }

            using (document)
            {
                value = document.RootElement.Clone();
            }
        }
        catch (JsonException failure)
        {
            throw new InvalidRequestException("body", RequestBody.Describe(failure));
        }

        Advance(reader);
        return true;
    }

    private void Advance(in Utf8JsonReader reader)
    {
        _start += (int)reader.BytesConsumed;
        _state = reader.CurrentState;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            Grow();
        }

        var isFirst = _read == 0;
        do
        {
            var count = await RequestEncoding.ReadAsync(body, _buffer.AsMemory(_end), cancellationToken);
            _hash.AppendData(_buffer.AsSpan(_end, count));
            _end += count;
            _read += count;
            _isAtEnd = count == 0;
            if (_read > maxBytes)
            {
                throw new PayloadTooLargeException($"The body may have at most {maxBytes / (1024 * 1024)} MiB.");
            }
        }
        while (isFirst && _end < MarkLength && !_isAtEnd);

        if (isFirst)
        {
            _start = _end - RequestEncoding.WithoutByteOrderMark(_buffer.AsMemory(0, _end)).Length;
        }
    }

    private void Grow()
    {
        if (_buffer.Length >= maxValueBytes)
        {
            throw new PayloadTooLargeException($"A single value may have at most {maxValueBytes / 1024} KiB.");
        }

        var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        Buffer.BlockCopy(_buffer, 0, larger, 0, _end);
        ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
        _buffer = larger;
    }
}
