using System.Text.Json;
using Yggdrasil.Foundation;

namespace Yggdrasil.Functions.Http.Answering;

/// <summary>Answers one JSON document a line, each sent as it becomes known.</summary>
/// <remarks>
/// The status goes out before the first line, so a failure after it can only break the connection off.
/// </remarks>
/// <param name="fileName">What to save the answer as; null for an answer that is read and not saved.</param>
/// <param name="isCounted">
/// Whether the last line says how many there were: an answer without it is not whole. Otherwise only a client that heeds broken-off
/// connections can tell.
/// </param>
internal sealed partial class NdjsonResult(IAsyncEnumerable<object> documents, ILogger logger, string? fileName, bool isCounted) : IResult
{
    private const int LinesPerFlush = 50;

    private static readonly byte[] LineEnd = "\n"u8.ToArray();

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (response, cancellationToken) = (httpContext.Response, httpContext.RequestAborted);
        response.ContentType = "application/x-ndjson; charset=utf-8";
        if (fileName is not null)
        {
            response.Headers.ContentDisposition = $"attachment; filename=\"{fileName}\"";
        }

        response.Headers.CacheControl = "no-store";
        if (HttpMethods.IsHead(httpContext.Request.Method))
        {
            return;
        }

        try
        {
            await WriteAsync(response, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The client went away: nobody is left to be told.
        }
        catch (Exception failure)
        {
            // The host would log it in full; a storage exception quotes keys and addresses.
            var errorId = Ids.NewError();
            LogBrokenOff(errorId, failure.GetType().FullName);
            LogDetails(failure, errorId);
            httpContext.Abort();
        }
    }

    private async Task WriteAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var document in documents.WithCancellation(cancellationToken))
        {
            await WriteAsync(response, document, cancellationToken);
            if (++count % LinesPerFlush == 0)
            {
                await response.Body.FlushAsync(cancellationToken);
            }
        }

        if (isCounted)
        {
            await WriteAsync(response, new { type = "end", items = count }, cancellationToken);
        }
    }

    private static async Task WriteAsync(HttpResponse response, object document, CancellationToken cancellationToken)
    {
        await response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(document, document.GetType(), ContractJson.Options), cancellationToken);
        await response.Body.WriteAsync(LineEnd, cancellationToken);
    }

    [LoggerMessage(3050, LogLevel.Error, "An answer was broken off in the middle: {ErrorId} ({ExceptionType})")]
    private partial void LogBrokenOff(string errorId, string? exceptionType);

    [LoggerMessage(3051, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
