using System.Text;
using Azure;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;

namespace Yggdrasil.Functions.Http.Answering;

/// <summary>Entity tags and the conditions that name them (RFC 9110 sections 8.8.3 and 13.1).</summary>
internal static class EntityTags
{
    private const string Any = "*";

    /// <summary>The entity tag of a stored version: opaque, strong, and free of storage's own form.</summary>
    public static string ToHttp(ETag stored) => $"\"{WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(stored.ToString("H")))}\"";

    /// <summary>What the request says of the version of an agent.</summary>
    /// <exception cref="InvalidRequestException">A header is neither <c>*</c> nor a list of entity tags.</exception>
    public static AgentPrecondition ReadPrecondition(HttpRequest request) => new(
        Read(request.Headers.IfMatch, HeaderNames.IfMatch), Read(request.Headers.IfNoneMatch, HeaderNames.IfNoneMatch));

    /// <remarks>A tag that is not of here is well formed and names no version.</remarks>
    private static VersionCondition? Read(StringValues header, string name)
    {
        if (header.All(string.IsNullOrWhiteSpace))
        {
            return null;
        }

        if (header is [{ } only] && only.Trim() == Any)
        {
            return new VersionCondition(IsAny: true, [], []);
        }

        return EntityTagHeaderValue.TryParseStrictList([.. header.OfType<string>()], out var tags) && !tags.Any(tag => tag.Tag == Any)
            ? new VersionCondition(IsAny: false, Versions(tags, isWeak: false), Versions(tags, isWeak: true))
            : throw new InvalidRequestException(
                name, "Send * alone, or entity tags as they were answered, in their quotes, with commas between them: \"abc\", W/\"def\".");
    }

    private static List<ETag> Versions(IEnumerable<EntityTagHeaderValue> tags, bool isWeak) =>
    [
        .. tags.Where(tag => tag.IsWeak == isWeak)
            .Select(tag => RequestHeaders.Decode(tag.Tag.ToString().Trim('"')))
            .OfType<string>()
            .Select(stored => new ETag(stored)),
    ];
}
