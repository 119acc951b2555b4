using System.Buffers;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Models.Wire;

/// <summary>An answer as the vendor's package reads it: what is as it should be stays where it was read to, the rest is written anew.</summary>
/// <remarks>
/// A line that came whole is looked at in the reader's own buffer. Only what comes in parts, and what is changed, is copied. It holds one
/// line that is not complete, and what the reader has had no room for yet.
/// </remarks>
internal sealed class NormalisedStream(Stream source, AnswerFormat format, AnswerSize size, WireCall? call) : Stream
{
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly ArrayBufferWriter<byte> _out = new();
    private ProviderException? _failure;
    private int _given;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        while (true)
        {
            if (_given < _out.WrittenCount)
            {
                return Give(buffer.Span);
            }

            if (_failure is not null)
            {
                throw _failure;
            }

            if (format.HasEnded)
            {
                return 0;
            }

            var read = await source.ReadAsync(buffer, cancellationToken);
            call?.Alive();
            if (Pass(buffer.Span[..read]) is > 0 and var passed)
            {
                return passed;
            }
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Answers are read asynchronously.");

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
            (format as IDisposable)?.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Give(Span<byte> buffer)
    {
        var waiting = _out.WrittenSpan[_given..];
        var given = Math.Min(waiting.Length, buffer.Length);
        waiting[..given].CopyTo(buffer);
        _given += given;
        if (_given == _out.WrittenCount)
        {
            _out.ResetWrittenCount();
            _given = 0;
        }

        return given;
    }

    /// <summary>How many of the bytes, from the first, go to the reader as they are. What follows them is in <see cref="_out"/>, or waits for its end.</summary>
    private int Pass(ReadOnlySpan<byte> bytes)
    {
        var passed = 0;
        try
        {
            if (bytes.IsEmpty)
            {
                End();
                return 0;
            }

            var isLookedAt = false;
            while (_line.WrittenCount == 0 && !isLookedAt && bytes[passed..].IndexOf((byte)'\n') is var end and >= 0)
            {
                if (format.Passes(bytes.Slice(passed, end)))
                {
                    passed += end + 1;
                }
                else
                {
                    isLookedAt = true;
                }
            }

            Take(bytes[passed..], isLookedAt);
        }
        catch (ProviderException failure)
        {
            // The reader gets what came before it, however the network has cut the answer.
            _failure = failure;
        }

        return passed;
    }

    /// <param name="isLookedAt">Whether the first line is known not to pass.</param>
    private void Take(ReadOnlySpan<byte> bytes, bool isLookedAt)
    {
        while (bytes.IndexOf((byte)'\n') is var end and >= 0 && !format.HasEnded)
        {
            if (isLookedAt)
            {
                format.Take(bytes[..end], _out);
                isLookedAt = false;
            }
            else if (_line.WrittenCount == 0)
            {
                Line(bytes[..end]);
            }
            else
            {
                _line.Write(bytes[..end]);
                size.Check(_line.WrittenCount);
                Line(_line.WrittenSpan);
                _line.ResetWrittenCount();
            }

            bytes = bytes[(end + 1)..];
        }

        if (!format.HasEnded)
        {
            size.Check(_line.WrittenCount + bytes.Length);
            _line.Write(bytes);
        }
    }

    private void End()
    {
        if (_line.WrittenCount > 0)
        {
            Line(_line.WrittenSpan);
            _line.ResetWrittenCount();
        }

        format.End(_out);
    }

    private void Line(ReadOnlySpan<byte> line)
    {
        if (format.Passes(line))
        {
            _out.Write(line);
            _out.Write("\n"u8);
        }
        else
        {
            format.Take(line, _out);
        }
    }
}
