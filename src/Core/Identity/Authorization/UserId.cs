using System.Text.RegularExpressions;

namespace Yggdrasil.Identity.Authorization;

/// <summary>The one rule for ids of users: of tokens, in paths and queries, as approvers and sharees, and in the queue.</summary>
/// <remarks>
/// Whatever an issuer names its users by is taken: <c>repo:org/app</c>, <c>DOMAIN\user</c>, an address with <c>ä</c>. In a path it
/// is percent-encoded once. Servers on the way leave <c>%2F</c> as it is or decode it together with the rest, so an id that itself
/// holds <c>%2F</c> could not be told from one with a slash, and none may.
/// </remarks>
public static partial class UserId
{
    public const string Rule =
        "A user id has 1 to 255 characters, none of them a control character and not all of them spaces, does not hold %2F and is neither . nor .. (in a path, percent-encode it once).";

    public const string TenantRule = "A tenant is [A-Za-z0-9._@|:+=-]{1,128}.";

    private const int MaxLength = 255;

    /// <summary>Of a key of 512 characters at most, in which tenant, agent or kind have a place too.</summary>
    private const int MaxKeyLength = 370;

    /// <summary>The longest partition key that storage takes (1 KiB of UTF-16).</summary>
    private const int MaxPartitionLength = 512;

    private const string EncodedSlash = "%2F";

    public static bool IsValid(string? user) =>
        user is { Length: > 0 and <= MaxLength }
        && user is not ("." or "..")
        && !string.IsNullOrWhiteSpace(user)
        && IsPlainText(user)
        && !user.Contains(EncodedSlash, StringComparison.OrdinalIgnoreCase)
        && IsKey(user);

    public static bool IsValidTenant(string? tenant) => tenant is not null && Tenant().IsMatch(tenant);

    /// <summary>Whether an owner can have a place in storage.</summary>
    public static bool IsValid(Owner owner) => IsValid(owner.User) && owner.Partition.Length <= MaxPartitionLength;

    /// <summary>The id that a segment of a path names. Servers decode segments, all but the slash.</summary>
    public static string OfPath(string segment) => segment.Replace(EncodedSlash, "/", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a name leaves room in a key of storage, where everything but ASCII letters and digits takes five characters.</summary>
    internal static bool IsKey(string name) => new Owner("", name).UserKey.Length <= MaxKeyLength;

    /// <summary>Whether a text has no control characters and no half surrogate pairs.</summary>
    internal static bool IsPlainText(string text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            if (char.IsControl(text[index]) || (char.IsSurrogate(text[index]) && !char.IsSurrogatePair(text, index)))
            {
                return false;
            }

            index += char.IsHighSurrogate(text[index]) ? 1 : 0;
        }

        return true;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._@|:+=-]{1,128}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Tenant();
}
