using System.Text.Json;
using System.Text.Unicode;

namespace Yggdrasil.Models.Wire;

/// <summary>Looks whether a chunk of a stream is as OpenAI documents it, in one pass and without a copy.</summary>
/// <remarks>Whatever it does not know well, it refuses: then the chunk is written anew.</remarks>
internal ref struct OpenAIChunk
{
    private Utf8JsonReader _reader;

    private OpenAIChunk(ReadOnlySpan<byte> json) => _reader = new Utf8JsonReader(json);

    /// <summary>Bytes of text in it.</summary>
    public int TextBytes { get; private set; }

    /// <summary>Whether it says why the answer ended.</summary>
    public bool Finishes { get; private set; }

    /// <summary>Where the chunk goes on with a call: its index and the piece of its arguments, escaped; null otherwise.</summary>
    public long? CallIndex { get; private set; }

    public ReadOnlySpan<byte> Arguments { get; private set; }

    /// <summary>Where the name of <c>reasoning</c> stands, which has to be changed; null where the name is as documented.</summary>
    public int? ReasoningAt { get; private set; }

    /// <summary>Where the tokens used so far stand; empty where the chunk does not report them. Only the end of the answer may.</summary>
    public Range Usage { get; private set; }

    public static bool TryRead(ReadOnlySpan<byte> json, out OpenAIChunk chunk)
    {
        chunk = new OpenAIChunk(json);
        try
        {
            return Utf8.IsValid(json) && chunk.IsChunk();
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private bool IsChunk()
    {
        if (!_reader.Read() || _reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        var hasChoices = false;
        var hasChoice = false;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (_reader.ValueTextEquals("choices"u8))
            {
                hasChoices = true;
                if (!IsChoices(out hasChoice))
                {
                    return false;
                }
            }
            else if (!IsKnownMember())
            {
                return false;
            }
        }

        return hasChoices && (hasChoice || Usage.Equals(default)) && !_reader.Read();
    }

    private bool IsKnownMember()
    {
        if (_reader.ValueTextEquals("id"u8) || _reader.ValueTextEquals("object"u8) || _reader.ValueTextEquals("model"u8))
        {
            return _reader.Read() && _reader.TokenType == JsonTokenType.String && !_reader.ValueIsEscaped;
        }

        if (_reader.ValueTextEquals("created"u8))
        {
            return _reader.Read() && _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt64(out _);
        }

        if (_reader.ValueTextEquals("usage"u8))
        {
            return _reader.Read() && (_reader.TokenType == JsonTokenType.Null || IsUsage());
        }

        if (_reader.ValueTextEquals("error"u8) || _reader.ValueTextEquals("x_groq"u8))
        {
            return _reader.Read() && _reader.TokenType == JsonTokenType.Null;
        }

        if (_reader.ValueTextEquals("system_fingerprint"u8) || _reader.ValueTextEquals("service_tier"u8))
        {
            return _reader.Read() && _reader.TokenType is JsonTokenType.String or JsonTokenType.Null && !_reader.ValueIsEscaped;
        }

        _reader.Skip();
        return true;
    }

    private bool IsUsage()
    {
        if (_reader.TokenType != JsonTokenType.StartObject || !Usage.Equals(default))
        {
            return false;
        }

        var start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        Usage = start..(int)_reader.BytesConsumed;
        return true;
    }

    /// <summary>None, or one of index 0.</summary>
    private bool IsChoices(out bool any)
    {
        any = false;
        if (!_reader.Read() || _reader.TokenType != JsonTokenType.StartArray || !_reader.Read())
        {
            return false;
        }

        if (_reader.TokenType == JsonTokenType.EndArray)
        {
            return true;
        }

        any = true;
        return IsChoice() && _reader.Read() && _reader.TokenType == JsonTokenType.EndArray;
    }

    private bool IsChoice()
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        bool hasIndex = false, hasDelta = false;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (_reader.ValueTextEquals("index"u8))
            {
                hasIndex = _reader.Read() && _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt32(out var index) && index == 0;
            }
            else if (_reader.ValueTextEquals("delta"u8))
            {
                hasDelta = true;
                if (!IsDelta())
                {
                    return false;
                }
            }
            else if (_reader.ValueTextEquals("finish_reason"u8))
            {
                if (!_reader.Read() || !IsReason())
                {
                    return false;
                }
            }
            else if (_reader.ValueTextEquals("logprobs"u8))
            {
                if (!_reader.Read() || _reader.TokenType != JsonTokenType.Null)
                {
                    return false;
                }
            }
            else if (_reader.ValueTextEquals("message"u8) || _reader.ValueTextEquals("error"u8) || _reader.ValueTextEquals("usage"u8)
                || _reader.ValueTextEquals("text"u8))
            {
                return false;
            }
            else
            {
                _reader.Skip();
            }
        }

        return hasIndex && hasDelta;
    }

    private bool IsReason()
    {
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return true;
        }

        Finishes = _reader.TokenType == JsonTokenType.String
            && (_reader.ValueTextEquals("stop"u8) || _reader.ValueTextEquals("length"u8) || _reader.ValueTextEquals("tool_calls"u8)
                || _reader.ValueTextEquals("content_filter"u8));
        return Finishes;
    }

    private bool IsDelta()
    {
        if (!_reader.Read() || _reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        var hasReasoning = false;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            bool known;
            if (_reader.ValueTextEquals("content"u8))
            {
                known = _reader.Read() && (_reader.TokenType == JsonTokenType.Null || IsText());
            }
            else if (_reader.ValueTextEquals("reasoning_content"u8))
            {
                known = !hasReasoning && _reader.Read() && (_reader.TokenType == JsonTokenType.Null || IsText());
                hasReasoning = true;
            }
            else if (_reader.ValueTextEquals("reasoning"u8) && !_reader.ValueIsEscaped)
            {
                var at = (int)_reader.TokenStartIndex;
                known = _reader.Read() && (_reader.TokenType == JsonTokenType.Null || (!hasReasoning && IsText()));
                if (_reader.TokenType == JsonTokenType.String)
                {
                    (hasReasoning, ReasoningAt) = (true, at);
                }
            }
            else if (_reader.ValueTextEquals("role"u8))
            {
                known = _reader.Read() && _reader.TokenType == JsonTokenType.String && _reader.ValueTextEquals("assistant"u8);
            }
            else if (_reader.ValueTextEquals("tool_calls"u8))
            {
                known = _reader.Read() && (_reader.TokenType == JsonTokenType.Null || IsPieceOfCall());
            }
            else if (_reader.ValueTextEquals("refusal"u8) || _reader.ValueTextEquals("function_call"u8) || _reader.ValueTextEquals("audio"u8))
            {
                known = _reader.Read() && _reader.TokenType == JsonTokenType.Null;
            }
            else
            {
                known = true;
                _reader.Skip();
            }

            if (!known)
            {
                return false;
            }
        }

        return true;
    }

    private bool IsText()
    {
        if (_reader.TokenType != JsonTokenType.String || (_reader.ValueIsEscaped && LenientText.HasLoneSurrogate(_reader.ValueSpan)))
        {
            return false;
        }

        TextBytes += _reader.ValueSpan.Length;
        return true;
    }

    /// <summary>One element with an index and arguments, and neither id nor name: it goes on with a call.</summary>
    private bool IsPieceOfCall()
    {
        if (_reader.TokenType != JsonTokenType.StartArray || !_reader.Read() || _reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (_reader.ValueTextEquals("index"u8) && _reader.Read() && _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt64(out var index))
            {
                CallIndex = index;
            }
            else if (_reader.TokenType != JsonTokenType.PropertyName || !_reader.ValueTextEquals("function"u8) || !IsArguments())
            {
                return false;
            }
        }

        return CallIndex is not null && _reader.Read() && _reader.TokenType == JsonTokenType.EndArray;
    }

    private bool IsArguments()
    {
        if (!_reader.Read() || _reader.TokenType != JsonTokenType.StartObject
            || !_reader.Read() || _reader.TokenType != JsonTokenType.PropertyName || !_reader.ValueTextEquals("arguments"u8)
            || !_reader.Read() || !IsText())
        {
            return false;
        }

        Arguments = _reader.ValueSpan;
        return _reader.Read() && _reader.TokenType == JsonTokenType.EndObject;
    }
}
