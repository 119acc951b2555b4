using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Runs.Callbacks;

/// <summary>When a user's callback secrets were set; the secrets themselves are never shown again.</summary>
/// <param name="PreviousCreatedAt">When the one before was set, which is valid beside the current one; null when there is none.</param>
public sealed record CallbackSecretInfo(DateTimeOffset CreatedAt, DateTimeOffset? PreviousCreatedAt);

/// <summary>The secrets that users' callbacks are signed with: the current one, and the one before it.</summary>
/// <remarks>Both are valid until the next is set: a receiver that still knows the old one has until then to learn the new one.</remarks>
public sealed class CallbackSecrets
{
    private const string Secrets = "Secrets";

    private readonly StorageClients _storage;
    private readonly ContentVault _vault;
    private readonly Contention _contention;
    private readonly TimeProvider _time;

    internal CallbackSecrets(StorageClients storage, ContentVault vault, Contention contention, TimeProvider time) =>
        (_storage, _vault, _contention, _time) = (storage, vault, contention, time);

    /// <summary>Makes a secret the current one; the one that was current stays valid beside it.</summary>
    /// <param name="secret">One of the caller's; null to have one made.</param>
    /// <returns>The secret, and what is known of it from now on.</returns>
    /// <exception cref="InvalidRequestException">It is not a secret.</exception>
    public async Task<(string Secret, CallbackSecretInfo Info)> SetAsync(Owner owner, string? secret, CancellationToken cancellationToken)
    {
        if (secret is not null && !CallbackSecret.IsValid(secret))
        {
            throw new InvalidRequestException("secret", CallbackSecret.Rule);
        }

        secret ??= CallbackSecret.New();
        return await _contention.RetryAsync("The secret", AttemptAsync, cancellationToken);

        async Task<(string Secret, CallbackSecretInfo Info)> AttemptAsync()
        {
            var (row, stored) = await ReadAsync(owner, cancellationToken);
            if (stored is [{ } current, ..] && current.Secret == secret)
            {
                // The same request once more: the secret before it must not be lost by that.
                return (secret, InfoOf(stored));
            }

            List<Stored> changed = [new(secret, _time.GetUtcNow()), .. stored.Take(1)];
            return await SaveAsync(owner, changed, row?.ETag, cancellationToken) ? (secret, InfoOf(changed)) : throw new ContendedException();
        }
    }

    /// <exception cref="NotFoundException">None was ever set.</exception>
    public async Task<CallbackSecretInfo> GetAsync(Owner owner, CancellationToken cancellationToken) =>
        await FindInfoAsync(owner, cancellationToken) ?? throw new NotFoundException("There is no callback secret; set one with PUT.");

    /// <summary>Null where none was ever set.</summary>
    internal async Task<CallbackSecretInfo?> FindInfoAsync(Owner owner, CancellationToken cancellationToken) =>
        (await ReadAsync(owner, cancellationToken)).Secrets is { Count: > 0 } secrets ? InfoOf(secrets) : null;

    /// <summary>The valid secrets, the current one first; none where none was ever set.</summary>
    internal async Task<IReadOnlyList<string>> FindAsync(Owner owner, CancellationToken cancellationToken) =>
        [.. (await ReadAsync(owner, cancellationToken)).Secrets.Select(stored => stored.Secret)];

    private static CallbackSecretInfo InfoOf(IReadOnlyList<Stored> secrets) => new(secrets[0].CreatedAt, secrets.ElementAtOrDefault(1)?.CreatedAt);

    private async Task<(TableEntity? Row, IReadOnlyList<Stored> Secrets)> ReadAsync(Owner owner, CancellationToken cancellationToken)
    {
        var table = await _storage.GetWorkTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(owner.Partition, RowKeys.CallbackSecrets, cancellationToken: cancellationToken);
        return found.HasValue
            ? (found.Value, await _vault.OpenJsonAsync<List<Stored>>(found.Value!.GetBinary(Secrets), Address(owner), cancellationToken))
            : (null, []);
    }

    private async Task<bool> SaveAsync(Owner owner, List<Stored> secrets, ETag? version, CancellationToken cancellationToken)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(secrets, StoredJson.Options);
        var row = new TableEntity(owner.Partition, RowKeys.CallbackSecrets)
        {
            [Secrets] = await _vault.SealAsync(content, Address(owner), cancellationToken),
        };
        var table = await _storage.GetWorkTableAsync(cancellationToken);
        try
        {
            _ = version is null
                ? await table.AddEntityAsync(row, cancellationToken)
                : await table.UpdateEntityAsync(row, version.Value, TableUpdateMode.Replace, cancellationToken);
            return true;
        }
        catch (RequestFailedException failure) when (failure.Status is Conflict or PreconditionFailed or NotFound)
        {
            return false;
        }
    }

    private static ContentAddress Address(Owner owner) => new(StorageClients.WorkTable, owner.Partition, RowKeys.CallbackSecrets, Secrets);

    private sealed record Stored(string Secret, DateTimeOffset CreatedAt);
}
