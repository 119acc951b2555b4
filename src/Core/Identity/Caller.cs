namespace Yggdrasil.Identity;

/// <summary>Who makes a request, as authentication established it.</summary>
public sealed record Caller(Owner Owner, IReadOnlySet<string> Roles)
{
    public const string AdminRole = "admin";
    public const string OperatorRole = "operator";

    public bool IsAdmin => Roles.Contains(AdminRole);

    public bool IsOperator => IsAdmin || Roles.Contains(OperatorRole);
}
