namespace Yggdrasil.Security.Authorization;

/// <summary>The rule for user ids that requests name: <c>[A-Za-z0-9._@-]{1,64}</c>.</summary>
public static class UserId
{
    public const string Rule = "A user id is [A-Za-z0-9._@-]{1,64}.";

    private const int MaxLength = 64;

    public static bool IsValid(string? user) =>
        user is { Length: > 0 and <= MaxLength }
        && user.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '@' or '-');
}
