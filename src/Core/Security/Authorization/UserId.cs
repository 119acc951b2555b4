using System.Text.RegularExpressions;

namespace Yggdrasil.Security.Authorization;

/// <summary>
/// The rule for user ids that requests name. Narrower than what an issuer may put into a claim: an id that a path has
/// mangled must not pass for another.
/// </summary>
public static partial class UserId
{
    public const string Rule = "A user id is [A-Za-z0-9._@|:+=-]{1,128}.";

    public static bool IsValid(string? user) => user is not null && Form().IsMatch(user);

    [GeneratedRegex(@"\A[A-Za-z0-9._@|:+=-]{1,128}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
