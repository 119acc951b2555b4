using System.Text.Json;
using Azure.Data.Tables;
using Yggdrasil.Identity;
using Yggdrasil.Protection;

namespace Yggdrasil.Storage;

/// <summary>The caller on whose behalf a row's work is done, as properties of that row.</summary>
/// <remarks>
/// Roles give rights, so they are protected like content: whoever may write to storage could otherwise give them to a run, a batch or a
/// schedule. The version before wrote them in plain text, which nobody reads any more: such a row goes on without roles.
/// </remarks>
internal static class CallerColumns
{
    public const string Roles = "ProtectedRoles";

    private const string Tenant = "Tenant";
    private const string User = "User";
    private const string KeyId = "ApiKey";
    private const string KeyRequests = "ApiKeyRequestsPerMinute";
    private const string KeyTokens = "ApiKeyTokensPerDay";

    public static async Task WriteAsync(TableEntity row, Caller caller, ContentVault vault, CancellationToken cancellationToken)
    {
        row[Tenant] = caller.Owner.Tenant;
        row[User] = caller.Owner.User;

        // Of an API key what its limits need. Its scope was looked at when it was used, and is not kept.
        row[KeyId] = caller.Key?.Id;
        row[KeyRequests] = caller.Key?.RequestsPerMinute;
        row[KeyTokens] = caller.Key?.TokensPerDay;
        await WriteRolesAsync(row, caller, vault, cancellationToken);
    }

    /// <summary>For rows whose partition alone says whose they are.</summary>
    /// <remarks>As JSON: an issuer's roles may hold any character, and one called "Helpdesk admin" must not come back as two.</remarks>
    public static async Task WriteRolesAsync(TableEntity row, Caller caller, ContentVault vault, CancellationToken cancellationToken) =>
        row[Roles] = caller.Roles.Count > 0
            ? await vault.SealAsync(
                JsonSerializer.SerializeToUtf8Bytes(caller.Roles, StoredJson.Options), Address(row.PartitionKey, row.RowKey, Roles), cancellationToken)
            : null;

    /// <summary>The caller without roles: to be shown, not to act for.</summary>
    public static Caller Read(TableEntity row) =>
        new(new Owner(row.GetString(Tenant) ?? "", row.GetString(User) ?? ""), new HashSet<string>())
        {
            Key = row.GetString(KeyId) is not { } key ? null : new CallerKey(key)
            {
                RequestsPerMinute = row.GetInt32(KeyRequests),
                TokensPerDay = row.GetInt64(KeyTokens),
            },
        };

    /// <summary>The caller of a row of the Work table whose content is about to be used in the caller's name.</summary>
    /// <exception cref="ContentProtectionException">
    /// It is another owner's row: somebody has moved or changed it. Or its roles were changed, moved or cannot be read.
    /// </exception>
    public static async Task<Caller> ReadOwnedAsync(TableEntity row, ContentVault vault, CancellationToken cancellationToken)
    {
        var caller = Read(row);
        return caller.Owner.Partition == row.PartitionKey
            ? caller with { Roles = await OpenRolesAsync(row.GetBinary(Roles), row.PartitionKey, row.RowKey, vault, cancellationToken) }
            : throw vault.Alert(Address(row.PartitionKey, row.RowKey, User), "it is not the owner whose partition the row is in");
    }

    /// <summary>The roles that a row of the Work table holds; none where it holds none, or a version before this one wrote it.</summary>
    /// <exception cref="ContentProtectionException">They were changed, moved or cannot be read.</exception>
    public static async Task<IReadOnlySet<string>> OpenRolesAsync(
        byte[]? stored, string partition, string row, ContentVault vault, CancellationToken cancellationToken) =>
        stored is null ? new HashSet<string>() : await vault.OpenJsonAsync<HashSet<string>>(stored, Address(partition, row, Roles), cancellationToken);

    private static ContentAddress Address(string partition, string row, string property) =>
        new(StorageClients.WorkTable, partition, row, property);
}
