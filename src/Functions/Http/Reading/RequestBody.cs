using System.Text.Json;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;

namespace Yggdrasil.Functions.Http.Reading;

/// <summary>The raw body of a request, read whole and within its limit.</summary>
internal static class RequestBody
{
    /// <summary>The largest body of an ordinary request: 1 MiB.</summary>
    private const int MaxBytes = 1024 * 1024;

    private const int MaxDuplicates = 10;

    /// <exception cref="PayloadTooLargeException">The body exceeds <paramref name="most"/>.</exception>
    /// <exception cref="InvalidRequestException">The body broke off, or is not framed as HTTP demands.</exception>
    /// <exception cref="RequestTimeoutException">The body did not arrive in time.</exception>
    /// <param name="most">The largest body that the route takes, in bytes.</param>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, int most = MaxBytes)
    {
        if (request.ContentLength > most)
        {
            throw TooLarge(most);
        }

        using var body = new MemoryStream((int)(request.ContentLength ?? 0));
        using var arriving = BoundedBody.Of(request);
        var buffer = new byte[16 * 1024];
        var sent = RequestEncoding.Open(request, arriving);
        int read;
        while ((read = await RequestEncoding.ReadAsync(sent, buffer, request.HttpContext.RequestAborted)) > 0)
        {
            if (body.Length + read > most)
            {
                throw TooLarge(most);
            }

            body.Write(buffer, 0, read);
        }

        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    /// <summary>For routes that take nothing but their path.</summary>
    /// <exception cref="InvalidRequestException">There is a body with something in it.</exception>
    public static async Task RequireEmptyAsync(HttpRequest request)
    {
        var body = await ReadAsync(request);
        if (body.Length > 0)
        {
            var fields = new JsonFields(ParseObject(body), new FieldErrors());
            fields.RejectOthers();
            fields.Errors.ThrowIfAny();
        }
    }

    /// <exception cref="InvalidRequestException">The body is not a JSON object, nests too deep, or gives a field twice.</exception>
    public static JsonElement ParseObject(ReadOnlyMemory<byte> body)
    {
        JsonElement root;
        try
        {
            using var document = JsonDocument.Parse(RequestEncoding.WithoutByteOrderMark(body), new JsonDocumentOptions { MaxDepth = ContractJson.MaxDepth });
            root = document.RootElement.Clone();
        }
        catch (JsonException failure)
        {
            throw new InvalidRequestException("body", Describe(failure));
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidRequestException("body", "The body must be a JSON object.");
        }

        RequireDistinct(root);
        return root;
    }

    /// <exception cref="InvalidRequestException">A field is given twice, or its name is no text.</exception>
    public static void RequireDistinct(JsonElement root)
    {
        var errors = new FieldErrors();
        try
        {
            FindDuplicates(root, new Stack<string>(), errors, left: MaxDuplicates);
        }
        catch (InvalidOperationException)
        {
            throw new InvalidRequestException("body", "A field's name is not valid Unicode.");
        }

        errors.ThrowIfAny();
    }

    /// <param name="path">The names and indexes that lead here; put together only where a mistake is to be named.</param>
    /// <param name="left">How many more are to be found: names can be long, and there can be many of them.</param>
    /// <returns>How many more are to be found after this element.</returns>
    private static int FindDuplicates(JsonElement element, Stack<string> path, FieldErrors errors, int left)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var property in element.EnumerateObject().TakeWhile(_ => left > 0))
            {
                path.Push(path.Count == 0 ? property.Name : $".{property.Name}");
                if (!names.Add(property.Name))
                {
                    errors.Add(string.Concat(path.Reverse()), "This field is given twice.");
                    left--;
                }

                left = FindDuplicates(property.Value, path, errors, left);
                path.Pop();
            }
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var (index, item) in element.EnumerateArray().Index().TakeWhile(_ => left > 0))
            {
                path.Push($"[{index}]");
                left = FindDuplicates(item, path, errors, left);
                path.Pop();
            }
        }

        return left;
    }

    // The parser's own message quotes the offending bytes and can name its options; where it happened is what helps.
    internal static string Describe(JsonException failure) => IsTooDeep(failure)
        ? $"The body nests deeper than {ContractJson.MaxDepth} levels."
        : $"The body is not valid JSON (line {failure.LineNumber + 1}, byte {failure.BytePositionInLine + 1}).";

    internal static bool IsTooDeep(JsonException failure) => failure.Message.Contains("maximum configured depth", StringComparison.Ordinal);

    private static PayloadTooLargeException TooLarge(int most) => new($"The body may have at most {most / 1024 / 1024} MiB.");
}
