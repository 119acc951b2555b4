using System.Text.Json;
using Microsoft.Extensions.Logging;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Limits;
using Yggdrasil.Storage;
using Yggdrasil.Users.ApiKeys;

namespace Yggdrasil.Operations.ApiKeys;

/// <summary>API keys as users make and revoke them, and as operators look after those of others.</summary>
public sealed partial class ApiKeyService
{
    public const int MaxNameLength = 100;
    public const int MaxAgents = 64;

    private readonly ApiKeyStore _store;
    private readonly ApiKeyAuthentication _authentication;
    private readonly AgentService _agents;
    private readonly ApiKeyOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ApiKeyService> _logger;

    internal ApiKeyService(
        ApiKeyStore store, ApiKeyAuthentication authentication, AgentService agents, ApiKeyOptions options, TimeProvider time,
        ILogger<ApiKeyService> logger) =>
        (_store, _authentication, _agents, _options, _time, _logger) = (store, authentication, agents, options, time, logger);

    /// <summary>Makes a key of the caller's.</summary>
    /// <returns>The key, and its text, which nothing knows but its caller from now on.</returns>
    /// <exception cref="ForbiddenException">The caller came with a key.</exception>
    /// <exception cref="InvalidRequestException">The definition is not valid.</exception>
    /// <exception cref="ConflictException">The caller has as many keys as allowed.</exception>
    public async Task<(ApiKey Key, string Text)> CreateAsync(Caller caller, ApiKeyDefinition definition, CancellationToken cancellationToken)
    {
        AccessPolicy.RequireToken(caller);
        await ValidateAsync(caller, definition, cancellationToken);
        if (await _store.CountAsync(caller.Owner, cancellationToken) >= _options.MaxPerUser)
        {
            throw new ConflictException($"You have {_options.MaxPerUser} API keys, which is as many as may be; revoke one first.", "too_many_keys");
        }

        var (id, text) = ApiKeyText.Create();
        var key = new ApiKey(id, definition, _time.GetUtcNow());
        string[] roles = [.. caller.Roles.Where(role => role is not (Caller.AdminRole or Caller.OperatorRole)).Order(StringComparer.Ordinal)];
        var stored = new StoredApiKey(caller.Owner.Tenant, caller.Owner.User, ApiKeyText.HashOf(text), roles, definition);
        if (!await _store.AddAsync(key, stored, cancellationToken))
        {
            throw new ConflictException("Your data is being deleted; make the key when that is done.");
        }

        LogCreated(id, caller.Owner.Partition);
        return (key, text);
    }

    /// <summary>The caller's keys, in order of their ids.</summary>
    /// <exception cref="ForbiddenException">The caller came with a key.</exception>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is not a cursor of this list.</exception>
    public Task<ListPage<ApiKey>> ListAsync(Caller caller, int limit, string? after, CancellationToken cancellationToken)
    {
        AccessPolicy.RequireToken(caller);
        return ListAsync(caller.Owner, limit, after, cancellationToken);
    }

    /// <exception cref="ForbiddenException">The caller came with a key.</exception>
    /// <exception cref="NotFoundException">The caller has no such key.</exception>
    public async Task<ApiKey> GetAsync(Caller caller, string keyId, CancellationToken cancellationToken)
    {
        AccessPolicy.RequireToken(caller);
        return (ApiKeyText.IsId(keyId) ? await _store.FindAsync(caller.Owner, keyId, cancellationToken) : null) ?? throw NoKey(keyId);
    }

    /// <summary>Revokes a key of the caller's: here at once, on other instances within 10 s.</summary>
    /// <exception cref="ForbiddenException">The caller came with a key.</exception>
    /// <exception cref="NotFoundException">The caller has no such key.</exception>
    public Task RevokeAsync(Caller caller, string keyId, CancellationToken cancellationToken)
    {
        AccessPolicy.RequireToken(caller);
        return RevokeAsync(caller, caller.Owner, keyId, cancellationToken);
    }

    /// <summary>The keys of a user of the caller's tenant.</summary>
    /// <exception cref="ForbiddenException">The caller is neither operator nor admin.</exception>
    /// <exception cref="InvalidRequestException">A value cannot be what it is to be.</exception>
    public Task<ListPage<ApiKey>> ListOfAsync(Caller caller, string userId, int limit, string? after, CancellationToken cancellationToken) =>
        ListAsync(AccessPolicy.RequireOperatorOf(caller, userId, "id"), limit, after, cancellationToken);

    /// <summary>Revokes a key of a user of the caller's tenant, as <see cref="RevokeAsync(Caller, string, CancellationToken)"/> does.</summary>
    /// <exception cref="ForbiddenException">The caller is neither operator nor admin.</exception>
    /// <exception cref="InvalidRequestException"><paramref name="userId"/> cannot be a user id.</exception>
    /// <exception cref="NotFoundException">The user has no such key.</exception>
    public Task RevokeOfAsync(Caller caller, string userId, string keyId, CancellationToken cancellationToken) =>
        RevokeAsync(caller, AccessPolicy.RequireOperatorOf(caller, userId, "id"), keyId, cancellationToken);

    private Task<ListPage<ApiKey>> ListAsync(Owner owner, int limit, string? after, CancellationToken cancellationToken) =>
        after is null || after.StartsWith(RowKeys.ApiKeyPrefix, StringComparison.Ordinal)
            ? _store.ListAsync(owner, limit, after, cancellationToken)
            : throw InvalidRequestException.NotACursor();

    private async Task RevokeAsync(Caller caller, Owner owner, string keyId, CancellationToken cancellationToken)
    {
        if (!ApiKeyText.IsId(keyId) || !await _store.RemoveAsync(owner.Partition, keyId, cancellationToken))
        {
            throw NoKey(keyId);
        }

        _authentication.Forget(keyId);
        LogRevoked(keyId, owner.Partition, caller.Owner.Partition);
    }

    private async Task ValidateAsync(Caller caller, ApiKeyDefinition definition, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        errors.Require(
            definition.Name.Length is > 0 and <= MaxNameLength && !definition.Name.Any(char.IsControl) && !string.IsNullOrWhiteSpace(definition.Name),
            "name", $"Must be 1 to {MaxNameLength} characters without control characters.");
        errors.Require(definition.ExpiresAt is null || definition.ExpiresAt > _time.GetUtcNow(), "expiresAt", "Must be in the future.");
        var limits = new UsageLimits { RequestsPerMinute = definition.RequestsPerMinute, TokensPerDay = definition.TokensPerDay };
        foreach (var (member, rule) in limits.Problems())
        {
            errors.Add(JsonNamingPolicy.CamelCase.ConvertName(member), $"It {rule}");
        }

        errors.Require(definition.Agents is not { Count: 0 }, "scopes.agents", "Must name an agent; leave it out for all agents.");
        foreach (var (index, agent) in (definition.Agents ?? []).Take(MaxAgents).Index())
        {
            errors.Require(
                await _agents.FindAsync(AccessPolicy.ScopeOf(caller, userId: null), agent, cancellationToken) is not null,
                $"scopes.agents[{index}]", "There is no such agent.");
        }

        errors.ThrowIfAny();
    }

    private static NotFoundException NoKey(string keyId) => new($"There is no API key \"{keyId}\".");

    [LoggerMessage(3115, LogLevel.Information, "API key {Key} of {Owner} was made")]
    private partial void LogCreated(string key, string owner);

    [LoggerMessage(3116, LogLevel.Information, "API key {Key} of {Owner} was revoked by {By}")]
    private partial void LogRevoked(string key, string owner, string by);
}
