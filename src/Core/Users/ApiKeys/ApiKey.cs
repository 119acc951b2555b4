using System.Text.Json.Serialization;
using Yggdrasil.Identity;

namespace Yggdrasil.Users.ApiKeys;

/// <summary>What a user says of an API key when making it.</summary>
public sealed record ApiKeyDefinition
{
    public required string Name { get; init; }

    /// <summary>From when on it is refused; null for a key that lasts until it is revoked.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Whether it starts and controls runs, rather than reading alone.</summary>
    public bool CanRun { get; init; } = true;

    /// <summary>The agents it is for, as the user names them; null for all, also those that come later.</summary>
    public IReadOnlyList<string>? Agents { get; init; }

    /// <summary>Beside the limits of the user.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Beside the limits of the user.</summary>
    public long? TokensPerDay { get; init; }
}

/// <summary>An API key as its user sees it. It never holds the secret.</summary>
public sealed record ApiKey(string Id, ApiKeyDefinition Definition, DateTimeOffset CreatedAt)
{
    /// <summary>To the minute; null before the first use.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>What is stored of it cannot be read: it opens nothing, and can be revoked.</summary>
    public bool IsUnreadable { get; init; }
}

/// <summary>What is stored of a key to let its holder in. Sealed as one value: whoever may write to storage can give nobody a key.</summary>
/// <param name="Hash">See <see cref="ApiKeyText"/>.</param>
/// <param name="Roles">Those its maker had, less those of operators and admins.</param>
internal sealed record StoredApiKey(string Tenant, string User, byte[] Hash, IReadOnlyList<string> Roles, ApiKeyDefinition Definition)
{
    [JsonIgnore]
    public Owner Owner => new(Tenant, User);

    public bool IsExpired(DateTimeOffset now) => Definition.ExpiresAt <= now;

    /// <summary>Who the key's holder is.</summary>
    public Caller CallerOf(string id) => new(Owner, Roles.ToHashSet(StringComparer.Ordinal))
    {
        Key = new CallerKey(id)
        {
            Scope = new KeyScope(Definition.CanRun, Definition.Agents?.ToHashSet(StringComparer.Ordinal)),
            RequestsPerMinute = Definition.RequestsPerMinute,
            TokensPerDay = Definition.TokensPerDay,
        },
    };
}
