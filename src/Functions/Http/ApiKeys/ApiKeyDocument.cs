using Yggdrasil.Users.ApiKeys;

namespace Yggdrasil.Functions.Http.ApiKeys;

/// <summary>An API key as callers see it.</summary>
/// <param name="Name">Absent where what is stored of the key cannot be read.</param>
internal sealed record ApiKeyDocument(
    string Id,
    string? Name,
    ApiKeyScopesDocument? Scopes,
    int? RequestsPerMinute,
    long? TokensPerDay,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? LastUsedAt)
{
    public static ApiKeyDocument From(ApiKey key) => new(
        key.Id,
        key.IsUnreadable ? null : key.Definition.Name,
        key.IsUnreadable ? null : ApiKeyScopesDocument.From(key.Definition),
        key.Definition.RequestsPerMinute,
        key.Definition.TokensPerDay,
        key.CreatedAt,
        key.Definition.ExpiresAt,
        key.LastUsedAt);
}

/// <summary>A key as it is made, with its text, which is shown this once.</summary>
internal sealed record CreatedApiKeyDocument(
    string Id,
    string Name,
    string Key,
    ApiKeyScopesDocument Scopes,
    int? RequestsPerMinute,
    long? TokensPerDay,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt)
{
    public static CreatedApiKeyDocument From(ApiKey key, string text) => new(
        key.Id,
        key.Definition.Name,
        text,
        ApiKeyScopesDocument.From(key.Definition),
        key.Definition.RequestsPerMinute,
        key.Definition.TokensPerDay,
        key.CreatedAt,
        key.Definition.ExpiresAt);
}

/// <param name="Agents">Absent where the key is for all agents.</param>
internal sealed record ApiKeyScopesDocument(KeyAccess Access, IReadOnlyList<string>? Agents)
{
    public static ApiKeyScopesDocument From(ApiKeyDefinition key) => new(key.CanRun ? KeyAccess.Run : KeyAccess.Read, key.Agents);
}

/// <summary>What a key may be used for.</summary>
internal enum KeyAccess
{
    Read,
    Run,
}
