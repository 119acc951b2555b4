using Yggdrasil.Users.ApiKeys;

namespace Yggdrasil.Functions.Http.ApiKeys;

/// <summary>An API key as callers see it.</summary>
/// <param name="Key">Its text, in the answer to its creation alone.</param>
/// <param name="Name">Absent where what is stored of the key cannot be read.</param>
internal sealed record ApiKeyDocument(
    string Id,
    string? Name,
    string? Key,
    ApiKeyScopesDocument? Scopes,
    int? RequestsPerMinute,
    long? TokensPerDay,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? LastUsedAt)
{
    public static ApiKeyDocument From(ApiKey key) => From(key, text: null);

    public static ApiKeyDocument From(ApiKey key, string? text) => new(
        key.Id,
        key.IsUnreadable ? null : key.Definition.Name,
        text,
        key.IsUnreadable ? null : new ApiKeyScopesDocument(key.Definition.CanRun ? KeyAccess.Run : KeyAccess.Read, key.Definition.Agents),
        key.Definition.RequestsPerMinute,
        key.Definition.TokensPerDay,
        key.CreatedAt,
        key.Definition.ExpiresAt,
        key.LastUsedAt);
}

/// <param name="Agents">Absent where the key is for all agents.</param>
internal sealed record ApiKeyScopesDocument(KeyAccess Access, IReadOnlyList<string>? Agents);

/// <summary>What a key may be used for.</summary>
internal enum KeyAccess
{
    Read,
    Run,
}
