namespace Yggdrasil.Tools.Mcp.Transport;

/// <summary>Reads so much of each answer, and no more: one of 100 MB and one without an end both fail at the limit.</summary>
internal sealed class BoundedAnswers(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>The largest answer, decompressed, with all events of its stream.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        var whole = response.Content;
        if (whole.Headers.ContentLength > MaxBytes)
        {
            response.Dispose();
            throw TooLarge();
        }

        var bounded = new StreamContent(new Bounded(await whole.ReadAsStreamAsync(cancellationToken)));
        if (whole.Headers.ContentType is { } type)
        {
            bounded.Headers.ContentType = type;
        }

        response.Content = bounded;
        return response;
    }

    private static McpFailure TooLarge() =>
        new(McpFailureKind.TooLarge, $"Its answer is larger than {MaxBytes / 1024 / 1024} MiB, which is the most that is read.");

    private sealed class Bounded(Stream stream) : Stream
    {
        private long _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => _read;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Count(stream.Read(buffer, offset, count));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Count(await stream.ReadAsync(buffer, cancellationToken));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                stream.Dispose();
            }

            base.Dispose(disposing);
        }

        private int Count(int read) => (_read += read) <= MaxBytes ? read : throw TooLarge();
    }
}
