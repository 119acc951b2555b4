namespace Yggdrasil.Security.Authorization;

/// <summary>Who may decide about an agent's calls beside owner and admins: <c>user:id</c> or <c>role:name</c>.</summary>
/// <param name="IsRole">Whether everybody with a role is meant, rather than one user; of the owner's tenant either way.</param>
public readonly record struct Approver(bool IsRole, string Name)
{
    private const string User = "user:";
    private const string Role = "role:";

    public static bool TryParse(string text, out Approver approver)
    {
        approver = text.StartsWith(Role, StringComparison.Ordinal) ? new(IsRole: true, text[Role.Length..])
            : text.StartsWith(User, StringComparison.Ordinal) ? new(IsRole: false, text[User.Length..])
            : default;
        return !string.IsNullOrEmpty(approver.Name);
    }
}
