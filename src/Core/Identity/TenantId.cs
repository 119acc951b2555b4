namespace Yggdrasil.Identity;

/// <summary>How ids of tenants are compared: Microsoft Entra's are GUIDs, which may be written in several ways.</summary>
public static class TenantId
{
    /// <summary>The one way in which a tenant's id is kept: a GUID in lower case with hyphens; anything else as it is.</summary>
    /// <remarks>Owners are made of it, so that one tenant never becomes two.</remarks>
    public static string Canonical(string tenant) => Guid.TryParse(tenant, out var id) ? id.ToString("D") : tenant;

    /// <summary>Whether two texts name the same tenant: GUIDs by their value, other ids without regard to case, as settings are written by hand.</summary>
    public static bool IsSame(string? one, string? other) =>
        one is not null && other is not null && string.Equals(Canonical(one), Canonical(other), StringComparison.OrdinalIgnoreCase);

    /// <summary>Compares as <see cref="IsSame"/> does; for settings by tenant.</summary>
    public static IEqualityComparer<string> Comparer { get; } = EqualityComparer<string>.Create(
        IsSame, tenant => StringComparer.OrdinalIgnoreCase.GetHashCode(Canonical(tenant)));
}
