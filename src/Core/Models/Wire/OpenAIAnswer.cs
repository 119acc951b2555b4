using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Models.Wire;

/// <summary>An answer in OpenAI's format, streamed or whole, as a stream of the chunks that OpenAI documents.</summary>
internal sealed class OpenAIAnswer(string provider, AnswerSize size, WireCall? call) : AnswerFormat(provider, size, call), IDisposable
{
    private const int DataPrefix = 6;

    private readonly ToolCallPieces _calls = new();
    private readonly OpenAIUsage _usage = new();
    private readonly SplitText _content = new();
    private readonly SplitText _reasoning = new();
    private Utf8JsonWriter? _writer;
    private bool _isWhole;
    private bool _finishes;
    private bool _hasPieces;

    /// <summary>Where, in the line that was just looked at, thoughts stand under another name than OpenAI's package reads; 0 for nowhere.</summary>
    private int _renamedAt;

    /// <summary>Where, in the line that was just looked at, the tokens used so far stand; empty where they do not.</summary>
    private Range _usageAt;
    private string? _unsaidReason;

    public void Dispose() => _writer?.Dispose();

    protected override bool IsCanonical(ReadOnlySpan<byte> line)
    {
        (_renamedAt, _usageAt) = (0, default);
        if (!line.StartsWith("data: {"u8))
        {
            return line.StartsWith("event:"u8) || line.StartsWith("id:"u8);
        }

        if (_content.HasHalf || _reasoning.HasHalf || !OpenAIChunk.TryRead(line[DataPrefix..], out var chunk))
        {
            return false;
        }

        if (chunk.Finishes && _calls.Count > 0)
        {
            // Some say stop where the model asks for tools.
            return false;
        }

        if (chunk.CallIndex is { } index)
        {
            // Ours are counted from 0; where the server's say the same, nothing has to be changed.
            if (_calls.Last is not { IsAnnounced: true } last || last.Index != index || last.SentIndex != index)
            {
                return false;
            }

            last.AddEscaped(chunk.Arguments);
        }

        _hasPieces = true;
        _finishes |= chunk.Finishes;
        Size.Add(chunk.TextBytes);
        _renamedAt = chunk.ReasoningAt is { } at ? DataPrefix + at : 0;
        _usageAt = chunk.Usage.Equals(default) ? default : (DataPrefix + chunk.Usage.Start.Value)..(DataPrefix + chunk.Usage.End.Value);
        return _renamedAt == 0 && _usageAt.Equals(default);
    }

    protected override bool Amends(ReadOnlySpan<byte> line, IBufferWriter<byte> output)
    {
        var (renamedAt, usageAt) = (_renamedAt, _usageAt);
        (_renamedAt, _usageAt) = (0, default);
        var hasUsage = !usageAt.Equals(default);
        if (renamedAt == 0 && !hasUsage)
        {
            return false;
        }

        if (hasUsage)
        {
            var reader = new Utf8JsonReader(line[usageAt]);
            using var usage = JsonDocument.ParseValue(ref reader);
            _usage.Take(usage.RootElement);
        }

        var written = 0;
        var isUsageFirst = hasUsage && usageAt.Start.Value < renamedAt;
        if (isUsageFirst)
        {
            Replace(line, usageAt, "null"u8, ref written, output);
        }

        if (renamedAt > 0)
        {
            Replace(line, renamedAt..(renamedAt + "\"reasoning\"".Length), "\"reasoning_content\""u8, ref written, output);
        }

        if (hasUsage && !isUsageFirst)
        {
            Replace(line, usageAt, "null"u8, ref written, output);
        }

        output.Write(line[written..]);
        output.Write("\n\n"u8);
        return true;
    }

    private static void Replace(ReadOnlySpan<byte> line, Range old, ReadOnlySpan<byte> replacement, ref int written, IBufferWriter<byte> output)
    {
        output.Write(line[written..old.Start.Value]);
        output.Write(replacement);
        written = old.End.Value;
    }

    protected override void Object(JsonElement json, IBufferWriter<byte> output)
    {
        json.TryGetProperty("x_groq", out var groq);
        if (json.TryGetProperty("usage", out var usage) || (groq.ValueKind == JsonValueKind.Object && groq.TryGetProperty("usage", out usage)))
        {
            _usage.Take(usage);
        }

        if (groq.ValueKind == JsonValueKind.Object && Says(groq, "error", out _) && UpstreamErrors.In(groq, Call?.Key) is { } failed)
        {
            throw ProviderFailures.FromBody(Provider, failed);
        }

        if (!json.TryGetProperty("choices", out var choices) || choices.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        foreach (var choice in choices.EnumerateArray())
        {
            if (choice.ValueKind == JsonValueKind.Object && !IsOther(choice))
            {
                Choice(json, choice, output);
            }
        }
    }

    protected override void Finish(IBufferWriter<byte> output, bool announced)
    {
        if (_content.End() is { Length: > 0 } rest)
        {
            WriteChunk(output, json => json.WriteString("content", rest));
        }

        if (_reasoning.End() is { Length: > 0 } thought)
        {
            WriteChunk(output, json => json.WriteString("reasoning_content", thought));
        }

        if (!_finishes && (announced || _isWhole || _unsaidReason is not null))
        {
            _finishes = true;
            WriteChunk(output, static _ => { }, _calls.Count > 0 ? "tool_calls" : "stop");
        }

        WriteUsage(output);
        if (_finishes)
        {
            output.Write("data: [DONE]\n\n"u8);
        }
    }

    /// <summary>Whether it is one of several answers; nobody asks for more than one.</summary>
    private static bool IsOther(JsonElement choice) =>
        choice.TryGetProperty("index", out var index) && index.ValueKind == JsonValueKind.Number && index.TryGetInt64(out var place) && place != 0;

    private void Choice(JsonElement chunk, JsonElement choice, IBufferWriter<byte> output)
    {
        if (Says(choice, "error", out _) && UpstreamErrors.In(choice, Call?.Key) is { } error)
        {
            throw ProviderFailures.FromBody(Provider, error);
        }

        if (choice.TryGetProperty("usage", out var usage))
        {
            _usage.Take(usage);
        }

        var reason = choice.TryGetProperty("finish_reason", out var sent) ? LenientText.Of(sent) : null;
        if (reason is not null && WireFinishReasons.IsFailure(reason))
        {
            throw ProviderFailures.GaveUp(Provider, reason);
        }

        var delta = Said(choice, out var isWhole);
        _isWhole |= isWhole;
        var begin = Begin(output, chunk);
        var before = begin.BytesCommitted + begin.BytesPending;
        begin.WriteStartObject("delta");
        if (delta.ValueKind == JsonValueKind.Object)
        {
            new OpenAIDelta(begin, _content, _reasoning, _calls, Call).Write(delta, isWhole);
        }
        else if (choice.TryGetProperty("text", out var text) && LenientText.Of(text) is { Length: > 0 } completion)
        {
            begin.WriteString("content", _content.Join(completion));
        }

        begin.WriteEndObject();
        Size.Add((int)(begin.BytesCommitted + begin.BytesPending - before));
        End(begin, output, Reason(reason));
    }

    /// <summary>What a choice brings: a piece, or all there is of the answer.</summary>
    /// <remarks>Perplexity sends both with every chunk, the piece and what was said so far; others have an empty piece beside a whole answer.</remarks>
    private JsonElement Said(JsonElement choice, out bool isWhole)
    {
        var hasDelta = choice.TryGetProperty("delta", out var delta) && delta.ValueKind == JsonValueKind.Object;
        var hasMessage = choice.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.Object;
        isWhole = hasMessage && !_hasPieces && (!hasDelta || (!SaysMoreThanARole(delta) && SaysMoreThanARole(message)));
        _hasPieces |= hasDelta && !isWhole;
        return isWhole ? message : hasDelta ? delta : default;
    }

    private static bool SaysMoreThanARole(JsonElement message) =>
        message.EnumerateObject().Any(member => member.Name != "role" && Says(message, member.Name, out _));

    /// <summary>What the chunk is to say of its end: nothing where that is told only by what comes or does not come after it.</summary>
    private string? Reason(string? sent)
    {
        if (string.IsNullOrEmpty(sent))
        {
            return null;
        }

        var known = WireFinishReasons.Of(sent);
        if (known == WireFinishReasons.Refusal)
        {
            Call?.Refused = true;
            known = ChatFinishReason.Stop;
        }
        else if (known == ChatFinishReason.Stop && !string.Equals(sent, "stop", StringComparison.OrdinalIgnoreCase))
        {
            // A word that nobody knows: it counts once the answer has ended.
            _unsaidReason = sent;
            return null;
        }

        _finishes = true;
        return known == ChatFinishReason.Stop && _calls.Count > 0 ? ChatFinishReason.ToolCalls.Value : known.Value;
    }

    private void WriteChunk(IBufferWriter<byte> output, Action<Utf8JsonWriter> delta, string? reason = null)
    {
        var json = Begin(output, chunk: default);
        json.WriteStartObject("delta");
        delta(json);
        json.WriteEndObject();
        End(json, output, reason);
    }

    private void WriteUsage(IBufferWriter<byte> output)
    {
        if (!_usage.Any)
        {
            return;
        }

        output.Write("data: "u8);
        var json = Writer(output);
        WriteHead(json, chunk: default);
        json.WriteStartArray("choices");
        json.WriteEndArray();
        Call?.CacheWriteTokens = _usage.CacheWrite;
        _usage.Write(json);
        json.WriteEndObject();
        json.Flush();
        output.Write("\n\n"u8);
    }

    private Utf8JsonWriter Begin(IBufferWriter<byte> output, JsonElement chunk)
    {
        output.Write("data: "u8);
        var json = Writer(output);
        WriteHead(json, chunk);
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index"u8, 0);
        return json;
    }

    private static void End(Utf8JsonWriter json, IBufferWriter<byte> output, string? reason)
    {
        if (reason is null)
        {
            json.WriteNull("finish_reason"u8);
        }
        else
        {
            json.WriteString("finish_reason"u8, reason);
        }

        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        output.Write("\n\n"u8);
    }

    private static void WriteHead(Utf8JsonWriter json, JsonElement chunk)
    {
        json.WriteStartObject();

        // Of another id than the chunks before it, a chunk would begin a message of its own.
        json.WriteString("id"u8, Text(chunk, "id") ?? "");
        json.WriteString("object"u8, "chat.completion.chunk"u8);
        json.WriteNumber("created"u8, Created(chunk));
        json.WriteString("model"u8, Text(chunk, "model") ?? "");
    }

    private static string? Text(JsonElement chunk, string name) =>
        chunk.ValueKind == JsonValueKind.Object && chunk.TryGetProperty(name, out var value) && LenientText.Of(value) is { } text ? LenientText.Mend(text) : null;

    private static long Created(JsonElement chunk) =>
        chunk.ValueKind == JsonValueKind.Object && chunk.TryGetProperty("created", out var created) && created.ValueKind == JsonValueKind.Number
        && created.TryGetInt64(out var seconds) && seconds is >= 0 and < 100_000_000_000
            ? seconds
            : 0;

    private Utf8JsonWriter Writer(IBufferWriter<byte> output)
    {
        if (_writer is null)
        {
            _writer = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        }
        else
        {
            _writer.Reset(output);
        }

        return _writer;
    }
}
