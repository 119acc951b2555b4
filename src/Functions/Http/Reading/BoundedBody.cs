using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Functions.Http.Reading;

/// <summary>
/// A request's body as it arrives: one that stalls, breaks off or lies about its length is a problem of the request, whatever the
/// server that reads it makes of it.
/// </summary>
/// <remarks>
/// Servers have bounds of their own, which come first where they are tighter: Kestrel refuses less than 240 bytes a second. On the
/// Functions host there are two of them, one behind the other.
/// </remarks>
internal sealed class BoundedBody : Stream
{
    /// <summary>How long a body may keep silent.</summary>
    internal static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    private readonly Stream _body;
    private readonly CancellationToken _aborted;
    private readonly TimeProvider _time;

    internal BoundedBody(Stream body, TimeProvider time, CancellationToken aborted) => (_body, _time, _aborted) = (body, time, aborted);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public static BoundedBody Of(HttpRequest request) => new(
        request.Body,
        request.HttpContext.RequestServices?.GetService<TimeProvider>() ?? TimeProvider.System,
        request.HttpContext.RequestAborted);

    /// <summary>What a failure says about the body, where it is the server's that read it; null for any other.</summary>
    public static ProblemException? FindProblem(Exception failure) => failure switch
    {
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
            new PayloadTooLargeException("The body is larger than this host takes at all; each route takes less."),
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => Late(),
        BadHttpRequestException => BrokenOff(),
        _ => null,
    };

    /// <exception cref="InvalidRequestException">The body broke off, or is not framed as HTTP demands.</exception>
    /// <exception cref="RequestTimeoutException">Nothing arrived in time.</exception>
    /// <exception cref="PayloadTooLargeException">It is more than the server takes.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var silence = new CancellationTokenSource(Silence, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, _aborted, cancellationToken);
        try
        {
            return await _body.ReadAsync(buffer, either.Token);
        }
        catch (OperationCanceledException) when (
            silence.IsCancellationRequested && !_aborted.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw Late();
        }
        catch (BadHttpRequestException refused) when (FindProblem(refused) is { } problem)
        {
            throw problem;
        }
        catch (IOException)
        {
            // Where the caller has gone, the server says so by this, or by the token, whichever it notices first.
            _aborted.ThrowIfCancellationRequested();
            throw BrokenOff();
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Servers do not read synchronously.");

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private static RequestTimeoutException Late() => new("The body did not arrive in time; send it whole, without pauses.");

    private static InvalidRequestException BrokenOff() =>
        new("body", "The body broke off or is malformed: send as many bytes as Content-Length says, or chunks as RFC 9112 has them.");
}
