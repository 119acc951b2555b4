using System.Net.Http.Headers;

namespace Yggdrasil.Models.Metering;

/// <summary>The key that a request was sent with, which some servers repeat in their errors, in whatever form it has.</summary>
/// <param name="value">The key; null for none.</param>
internal sealed class SentKey(string? value)
{
    private const string Instead = "[API_KEY_REDACTED]";

    // Local servers take any word for a key, "none" or "EMPTY" for example, which errors hold for other reasons.
    private const int LeastLength = 8;

    private static readonly string[] Headers = ["api-key", "x-api-key"];

    /// <summary>The key of a request, whatever scheme it is sent by.</summary>
    public static SentKey Of(HttpRequestMessage request) =>
        new(request.Headers.Authorization?.Parameter ?? Headers.Select(name => Value(request.Headers, name)).FirstOrDefault(found => found is not null));

    /// <summary>A text without the key: the same where it does not hold it.</summary>
    public string? Hide(string? text) =>
        text is null || value is not { Length: >= LeastLength } ? text : text.Replace(value, Instead, StringComparison.OrdinalIgnoreCase);

    private static string? Value(HttpRequestHeaders headers, string name) => headers.TryGetValues(name, out var values) ? values.First() : null;
}
