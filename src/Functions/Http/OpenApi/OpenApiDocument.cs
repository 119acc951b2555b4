using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Net.Http.Headers;

namespace Yggdrasil.Functions.Http.OpenApi;

/// <summary>The contract as OpenAPI 3.1, put together at its first use and kept: some 120 KB.</summary>
/// <remarks>
/// It is written by hand, beside the code. Tests hold it to what is served: every route and no other, every type of a document and
/// every field of a request, and every answer of every test of the contract.
/// </remarks>
internal static class OpenApiDocument
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Lazy<(byte[] Content, EntityTagHeaderValue Tag)> Document = new(Create);

    /// <summary>UTF-8.</summary>
    public static byte[] Content => Document.Value.Content;

    /// <summary>Of this content.</summary>
    public static EntityTagHeaderValue Tag => Document.Value.Tag;

    private static (byte[] Content, EntityTagHeaderValue Tag) Create()
    {
        var document = OpenApiParts.Assemble(OpenApiParts.Read(typeof(OpenApiDocument).Assembly));
        var content = JsonSerializer.SerializeToUtf8Bytes(document, Readable);
        return (content, new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 16))}\""));
    }
}
