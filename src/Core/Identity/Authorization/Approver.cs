namespace Yggdrasil.Identity.Authorization;

/// <summary>Who may decide about an agent's calls beside owner and admins: <c>user:id</c> or <c>role:name</c>.</summary>
/// <param name="IsRole">Whether everybody with a role is meant, rather than one user; of the owner's tenant either way.</param>
public readonly record struct Approver(bool IsRole, string Name)
{
    private const string User = "user:";
    private const string Role = "role:";
    private const int MaxRoleLength = 128;

    /// <summary>How one is written, in words for whoever defines an agent.</summary>
    public static readonly string Rule = $"Write user:<id> or role:<name>, the name being 1 to {MaxRoleLength} characters without control characters. {UserId.Rule}";

    private static bool IsRoleName(string name) => name.Length is > 0 and <= MaxRoleLength && UserId.IsPlainText(name) && UserId.IsKey(name);

    public static bool TryParse(string text, out Approver approver)
    {
        approver = text.StartsWith(Role, StringComparison.Ordinal) ? new(IsRole: true, text[Role.Length..])
            : text.StartsWith(User, StringComparison.Ordinal) ? new(IsRole: false, text[User.Length..])
            : default;
        return approver.IsRole ? IsRoleName(approver.Name) : UserId.IsValid(approver.Name);
    }
}
