using System.IO.Compression;
using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Functions.Http.Reading;

/// <summary>Bodies as they were before their client compressed them. What they may hold is bounded by whoever reads them, after decompression.</summary>
internal static class RequestEncoding
{
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The body, decompressed where <c>Content-Encoding</c> says gzip.</summary>
    /// <param name="arriving">The body as it is sent.</param>
    /// <exception cref="UnsupportedMediaTypeException">It says something else.</exception>
    public static Stream Open(HttpRequest request, Stream arriving)
    {
        var encoding = request.Headers.ContentEncoding.ToString().Trim();
        return encoding.ToLowerInvariant() switch
        {
            "" or "identity" => arriving,
            "gzip" or "x-gzip" => new GZipStream(arriving, CompressionMode.Decompress, leaveOpen: true),
            _ => throw new UnsupportedMediaTypeException("A body may be sent with Content-Encoding: gzip, or without any."),
        };
    }

    /// <exception cref="InvalidRequestException">The body is said to be gzip and is not.</exception>
    public static async ValueTask<int> ReadAsync(Stream body, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await body.ReadAsync(buffer, cancellationToken);
        }
        catch (InvalidDataException)
        {
            throw new InvalidRequestException("body", "The body is not valid gzip, as its Content-Encoding says it is.");
        }
    }

    /// <summary>The text without the mark that some editors and shells put before it (RFC 8259 section 8.1 lets readers ignore it).</summary>
    public static ReadOnlyMemory<byte> WithoutByteOrderMark(ReadOnlyMemory<byte> text) =>
        text.Span.StartsWith(ByteOrderMark) ? text[ByteOrderMark.Length..] : text;
}
