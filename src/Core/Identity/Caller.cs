namespace Yggdrasil.Identity;

/// <summary>Who makes a request, as authentication established it.</summary>
public sealed record Caller(Owner Owner, IReadOnlySet<string> Roles)
{
    public const string AdminRole = "admin";
    public const string OperatorRole = "operator";

    /// <summary>The API key the caller came with; null for one who came with a token of their own.</summary>
    public CallerKey? Key { get; init; }

    public bool IsAdmin => Roles.Contains(AdminRole);

    public bool IsOperator => IsAdmin || Roles.Contains(OperatorRole);

    /// <summary>The caller on whose behalf work goes on that was let in.</summary>
    /// <remarks>
    /// A key's scope narrows what its holder may ask for. What an agent in scope does by itself, such as asking an agent among its
    /// tools, is the agent's definition, which no key changes. The key stays named, so that its limits hold for the work.
    /// </remarks>
    public Caller ForWork() => Key is { Scope: not null } ? this with { Key = Key with { Scope = null } } : this;
}
