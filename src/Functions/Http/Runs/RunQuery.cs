using System.Globalization;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Functions.Http.Runs;

/// <summary>Reads which runs a list is to show: <c>?status=</c>, <c>agent</c>, <c>conversationId</c>, <c>parent</c>, <c>metadata.&lt;key&gt;</c>, <c>since</c>, <c>until</c>.</summary>
internal static class RunQuery
{
    private const string MetadataPrefix = "metadata.";
    private const string Status = "status";
    private const string Since = "since";
    private const string Until = "until";
    private const int MaxMetadata = 16;

    private static readonly string[] Known =
        [Status, "agent", "conversationId", "parent", Since, Until, RequestHeaders.Fields, "limit", "after", RequestScope.UserId];

    /// <exception cref="InvalidRequestException">A parameter is not known, or its value is not valid.</exception>
    public static RunFilter Read(HttpRequest request)
    {
        var metadata = request.Query.Keys.Where(name => name.StartsWith(MetadataPrefix, StringComparison.Ordinal)).ToList();
        RequestHeaders.RejectOtherQuery(request, [.. Known, .. metadata]);
        if (metadata.Count > MaxMetadata)
        {
            throw new InvalidRequestException("metadata", $"At most {MaxMetadata} pairs.");
        }

        if (metadata.FirstOrDefault(name => name.Length == MetadataPrefix.Length) is { } nameless)
        {
            throw new InvalidRequestException(nameless, $"Name a field of the metadata: {MetadataPrefix}<key>.");
        }

        return new RunFilter(ReadStatus(request), Text(request, "agent"), Text(request, "conversationId"))
        {
            Parent = Text(request, "parent"),
            Metadata = metadata.ToDictionary(name => name[MetadataPrefix.Length..], name => request.Query[name].ToString()),
            Since = ReadTime(request, Since),
            Until = ReadTime(request, Until),
        };
    }

    private static RunStatus? ReadStatus(HttpRequest request)
    {
        if (Text(request, Status) is not { } text)
        {
            return null;
        }

        var names = ContractJson.Choices<RunStatus>();
        return names.TryGetValue(text, out var status)
            ? status
            : throw new InvalidRequestException(Status, $"Must be one of {string.Join(", ", names.Keys)}.");
    }

    private static DateTimeOffset? ReadTime(HttpRequest request, string name)
    {
        if (Text(request, name) is not { } text)
        {
            return null;
        }

        // A plus sign that was not encoded arrives as a space.
        return DateTimeOffset.TryParseExact(
                text.Replace(' ', '+'),
                ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"],
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var time)
            ? time.ToUniversalTime()
            : throw new InvalidRequestException(name, "Must be a time (ISO 8601), such as 2026-01-31T12:00:00Z.");
    }

    private static string? Text(HttpRequest request, string name) => request.Query.TryGetValue(name, out var value) ? value.ToString() : null;
}
