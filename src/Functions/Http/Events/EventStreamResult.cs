using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Events;

namespace Yggdrasil.Functions.Http.Events;

/// <summary>Answers a run's events as server-sent events, each as soon as it is there.</summary>
/// <remarks>
/// It ends after the run's last event, when the host stops, and before the gateways in front of the app lose patience (230 s
/// on Azure). The reader comes back with the id of what it has seen last; after the last event it is told 204. Nobody can come
/// back to an inline run, so that one is told to its end, which its own deadline bounds.
/// </remarks>
/// <param name="projection">The protocol that the reader speaks.</param>
/// <param name="isWhole">Whether the run is told to its end: nobody can come back to it.</param>
internal sealed partial class EventStreamResult(
    RunEventReader reader, IRunProjection projection, bool isWhole, TimeProvider time, ILogger logger, CancellationToken stopping) : IResult
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(200);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    /// <summary>What is gathered before it is sent, in bytes.</summary>
    private const int MaxUnsent = 64 * 1024;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = EventAnswers.MediaType;
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        httpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        if (HttpMethods.IsHead(httpContext.Request.Method))
        {
            await reader.DisposeAsync();
            return;
        }

        try
        {
            await WriteAsync(response, httpContext.RequestAborted);
        }
        catch (Exception) when (httpContext.RequestAborted.IsCancellationRequested)
        {
            // The reader went away, which is its right: nobody is left to be told.
        }
        catch (Exception failure)
        {
            // The host would log it in full. The reader comes back for what is missing.
            var errorId = Ids.NewError();
            LogBrokenOff(errorId, failure.GetType().FullName);
            LogDetails(failure, errorId);
            httpContext.Abort();
        }
        finally
        {
            await reader.DisposeAsync();
        }
    }

    private async Task WriteAsync(HttpResponse response, CancellationToken aborted)
    {
        var started = time.GetTimestamp();
        response.BodyWriter.Write(projection.Begin.Span);
        await response.BodyWriter.FlushAsync(aborted);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(aborted, stopping);
        while (true)
        {
            await WriteAvailableAsync(response, aborted);
            var left = isWhole ? TimeSpan.MaxValue : Lifetime - time.GetElapsedTime(started);
            if (reader.HasEnded || projection.HasEnded || left <= TimeSpan.Zero)
            {
                return;
            }

            try
            {
                if (!await reader.WaitAsync(left < KeepAlive ? left : KeepAlive, either.Token))
                {
                    // Without an empty line of its own: some clients take each for a message.
                    response.BodyWriter.Write(": keep-alive\n"u8);
                    await response.BodyWriter.FlushAsync(aborted);
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested && !aborted.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task WriteAvailableAsync(HttpResponse response, CancellationToken aborted)
    {
        var unsent = 0;
        while (!projection.HasEnded && reader.Next() is { } next)
        {
            if (projection.HoldBack(next) is var wait && wait > TimeSpan.Zero)
            {
                await response.BodyWriter.FlushAsync(aborted);
                await Task.Delay(wait, time, aborted);
            }

            foreach (var frame in projection.Tell(next))
            {
                response.BodyWriter.Write(frame.Span);
                unsent += frame.Length;
            }

            if (unsent >= MaxUnsent)
            {
                await response.BodyWriter.FlushAsync(aborted);
                unsent = 0;
            }
        }

        if (unsent > 0)
        {
            await response.BodyWriter.FlushAsync(aborted);
        }
    }

    [LoggerMessage(3060, LogLevel.Error, "A stream of events was broken off: {ErrorId} ({ExceptionType})")]
    private partial void LogBrokenOff(string errorId, string? exceptionType);

    [LoggerMessage(3061, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
