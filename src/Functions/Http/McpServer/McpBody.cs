using System.Text.Json;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>The body of a request to the MCP server, bounded before the server's package reads it.</summary>
internal static class McpBody
{
    /// <summary>Puts what was sent in the place of the body, once it is known to be small, flat enough and without a name given twice.</summary>
    /// <remarks>
    /// What is no JSON, or no single message, is left to the package, which answers in JSON-RPC as the protocol demands.
    /// </remarks>
    /// <exception cref="PayloadTooLargeException">It is larger than any other request may be.</exception>
    /// <exception cref="UnsupportedMediaTypeException">It is not sent as JSON. A page may send other types to any address unasked.</exception>
    /// <exception cref="InvalidRequestException">It nests too deep, or gives a field twice.</exception>
    public static async Task BufferAsync(HttpRequest request)
    {
        if (!request.HasJsonContentType())
        {
            throw new UnsupportedMediaTypeException("A message is sent as Content-Type: application/json.");
        }

        var body = RequestEncoding.WithoutByteOrderMark(await RequestBody.ReadAsync(request));
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = ContractJson.MaxDepth });
            RequestBody.RequireDistinct(document.RootElement);
        }
        catch (JsonException failure) when (RequestBody.IsTooDeep(failure))
        {
            throw new InvalidRequestException("body", RequestBody.Describe(failure));
        }
        catch (JsonException)
        {
            // The package says so.
        }

        request.Body = new MemoryStream(body.ToArray(), writable: false);
        request.ContentLength = body.Length;

        // Without a charset: the package would read another encoding than the one that was looked at here.
        request.ContentType = "application/json";
        request.Headers.ContentEncoding = default;
    }
}
