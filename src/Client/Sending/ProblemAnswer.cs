using System.Text.Json;

namespace Yggdrasil.Client.Sending;

/// <summary>A problem (RFC 9457), as it is sent; a gateway may leave out what it likes.</summary>
internal sealed record ProblemAnswer(string? Code, string? Title, string? Detail, string? TraceId, IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors)
{
    private const string MediaType = "application/problem+json";
    private const int MaxBytes = 256 * 1024;

    private static readonly Dictionary<string, IReadOnlyList<string>> NoErrors = [];

    /// <summary>What an answer that is no success says.</summary>
    public static async Task<YggdrasilException> ReadAsync(HttpResponseMessage response, TimeProvider time, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var problem = response.Content.Headers.ContentType?.MediaType == MediaType ? await ParseAsync(response.Content, cancellationToken).ConfigureAwait(false) : null;
        var retryAfter = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date > time.GetUtcNow() ? date - time.GetUtcNow() : TimeSpan.Zero,
            _ => (TimeSpan?)null,
        };
        return new YggdrasilException(
            response.StatusCode,
            problem?.Code ?? $"http_{status}",
            problem?.Detail ?? problem?.Title ?? $"The answer is {status} and says no more.",
            problem?.Errors ?? NoErrors,
            retryAfter,
            problem?.TraceId);
    }

    /// <returns>Null for what is no problem: the status then says it all.</returns>
    private static async Task<ProblemAnswer?> ParseAsync(HttpContent content, CancellationToken cancellationToken)
    {
        try
        {
            await content.LoadIntoBufferAsync(MaxBytes, cancellationToken).ConfigureAwait(false);
            using var body = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            return await JsonSerializer.DeserializeAsync(body, ClientJson.Default.ProblemAnswer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is JsonException or HttpRequestException)
        {
            return null;
        }
    }
}
