using System.Buffers;
using System.Net;
using System.Runtime.ExceptionServices;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;

namespace Yggdrasil.Tools.Egress;

/// <summary>
/// HTTP to addresses that somebody outside chose: the hosts of an <see cref="EgressGuard"/>, and bounded.
/// </summary>
/// <remarks>
/// <para>At most 10 seconds for everything together, 256 KiB of decompressed body (the rest is not read), 32 KiB of
/// headers, and 3 redirects, all of them within the origin that was asked for.</para>
/// <para>No proxy, which would resolve names itself; no cookies or credentials, which one caller could spend for
/// another; no HTTP/3, whose connections do not pass the guard; no trace headers, and no trace of the URL.</para>
/// </remarks>
public sealed partial class GuardedHttp : IDisposable
{
    public const int MaxBodyBytes = 256 * 1024;

    private const int MaxRedirects = 3;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly EgressGuard _guard;
    private readonly TimeProvider _time;
    private readonly ILogger<GuardedHttp> _logger;
    private readonly HttpMessageInvoker _http;

    public GuardedHttp(EgressGuard guard, TimeProvider time, ILogger<GuardedHttp> logger)
    {
        (_guard, _time, _logger) = (guard, time, logger);
        _http = new HttpMessageInvoker(CreateHandler(guard));
    }

    /// <exception cref="EgressException">The request was refused, or there is no answer.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public Task<GuardedResponse> SendAsync(GuardedRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return BoundAsync(token => FollowAsync(request, token), cancellationToken);
    }

    /// <summary>Sends a request whose answer matters by its status alone: redirects are not followed, no body is read.</summary>
    /// <exception cref="EgressException">The request was refused, or there is no answer.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public Task<GuardedStatus> SendForStatusAsync(GuardedRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return BoundAsync(
            async token =>
            {
                using var message = CreateMessage(request, _guard.Check(request.Url));
                using var response = await _http.SendAsync(message, token);
                return new GuardedStatus(response.StatusCode, RetryAfterOf(response));
            },
            cancellationToken);
    }

    private TimeSpan? RetryAfterOf(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > _time.GetUtcNow() => date - _time.GetUtcNow(),
        _ => null,
    };

    private async Task<T> BoundAsync<T>(Func<CancellationToken, Task<T>> send, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await send(either.Token);
        }
        catch (Exception exception) when (Translate(exception, cancellationToken) is { } egress)
        {
            LogNoAnswer(egress.Refusal);

            // The guard's own exceptions come out of the handler wrapped; thrown so, they keep the guard's stack.
            ExceptionDispatchInfo.Throw(egress);
            throw;
        }
    }

    public void Dispose() => _http.Dispose();

    private static SocketsHttpHandler CreateHandler(EgressGuard guard) => new()
    {
        ConnectCallback = async (context, cancellationToken) =>
            await guard.ConnectAsync(context.DnsEndPoint, cancellationToken),
        ConnectTimeout = Timeout,
        UseProxy = false,
        UseCookies = false,
        Credentials = null,
        AllowAutoRedirect = false,

        // Decompression happens as the body is read, and the reading stops at the limit: a bomb never unfolds.
        AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate | DecompressionMethods.Brotli,
        MaxResponseHeadersLength = 32,

        // What was not read is not drained either; the connection is closed instead.
        MaxResponseDrainSize = 0,

        // A name may move; a connection made under the rules is not kept beyond the life of a usual DNS record.
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),

        // Without a propagator there are no activities either: URLs are written by models, out of content.
        ActivityHeadersPropagator = null,
    };

    private async Task<GuardedResponse> FollowAsync(GuardedRequest request, CancellationToken cancellationToken)
    {
        var uri = _guard.Check(request.Url);
        for (var redirects = 0; ; redirects++)
        {
            using var message = CreateMessage(request, uri);
            using var response = await _http.SendAsync(message, cancellationToken);
            if (!IsRedirect(response.StatusCode))
            {
                return await ReadAsync(response, cancellationToken);
            }

            uri = redirects < MaxRedirects
                ? Next(uri, response.Headers.Location)
                : throw Redirected($"The server redirects more than {MaxRedirects} times.");
            request = response.StatusCode is HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
                ? request
                : request with { Method = HttpMethod.Get, Body = null };
        }
    }

    private static HttpRequestMessage CreateMessage(GuardedRequest request, Uri uri)
    {
        var message = new HttpRequestMessage(request.Method, uri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.UserAgent.ParseAdd("YggdrasilFunctions");
        message.Headers.Accept.ParseAdd("application/json, text/*;q=0.9, */*;q=0.1");
        foreach (var (name, value) in request.Headers)
        {
            message.Headers.Add(name, value);
        }

        if (request.Body is { } body)
        {
            message.Content = new ReadOnlyMemoryContent(body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", request.ContentType);
        }

        return message;
    }

    private static bool IsRedirect(HttpStatusCode status) => status is HttpStatusCode.MovedPermanently
        or HttpStatusCode.Found or HttpStatusCode.SeeOther
        or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;

    /// <summary>Only within an origin: another one was not what was asked for, or approved.</summary>
    private Uri Next(Uri uri, Uri? location)
    {
        if (location is null || !Uri.TryCreate(uri, location, out var next))
        {
            throw Redirected("The server redirects, but not to a valid URL.");
        }

        var isSameOrigin = next.Scheme == uri.Scheme && next.IdnHost == uri.IdnHost && next.Port == uri.Port;
        return isSameOrigin
            ? _guard.Check(next.AbsoluteUri)
            : throw Redirected("The server redirects to another origin (scheme, host or port), which is not followed.");
    }

    private static EgressException Redirected(string message) => new(EgressRefusal.RedirectRefused, message);

    private static async Task<GuardedResponse> ReadAsync(
        HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var body = new ArrayBufferWriter<byte>();
        var read = 0;
        do
        {
            // One byte more than allowed tells a body at the limit from one beyond it.
            var room = Math.Min(16 * 1024, MaxBodyBytes + 1 - body.WrittenCount);
            read = await stream.ReadAsync(body.GetMemory(room)[..room], cancellationToken);
            body.Advance(read);
        }
        while (read > 0 && body.WrittenCount <= MaxBodyBytes);

        var contentType = response.Content.Headers.ContentType;
        return new GuardedResponse(
            response.StatusCode,
            contentType?.MediaType?.ToLowerInvariant(),
            contentType?.CharSet?.Trim('"'),
            body.WrittenMemory[..Math.Min(body.WrittenCount, MaxBodyBytes)],
            body.WrittenCount > MaxBodyBytes,
            response.Content.Headers.ContentLength);
    }

    /// <summary>
    /// What the caller is told; null for an exception that is none of ours, such as its own cancellation.
    /// </summary>
    private static EgressException? Translate(Exception exception, CancellationToken callersToken) => exception switch
    {
        EgressException egress => egress,
        HttpRequestException { InnerException: EgressException egress } => egress,
        HttpRequestException { InnerException: AuthenticationException } => new EgressException(
            EgressRefusal.Unreachable, "The server's certificate is not valid, or it speaks no TLS.", exception),
        OperationCanceledException when callersToken.IsCancellationRequested => null,
        OperationCanceledException => new EgressException(
            EgressRefusal.TimedOut, $"There was no complete answer within {Timeout.TotalSeconds} seconds.", exception),
        HttpRequestException or IOException or InvalidDataException => new EgressException(
            EgressRefusal.Unreachable, "The server broke off, or its answer is not valid HTTP.", exception),
        _ => null,
    };

    [LoggerMessage(2010, LogLevel.Information, "An outgoing request had no answer: {Refusal}.")]
    private partial void LogNoAnswer(EgressRefusal refusal);
}
