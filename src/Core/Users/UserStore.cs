using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Yggdrasil.Identity;
using Yggdrasil.Limits;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Users;

/// <summary>What admins said of users, in the Users table. A user nobody said anything of has no row.</summary>
internal sealed class UserStore(StorageClients storage, UnknownValues? unknown = null)
{
    private const int SchemaVersion = 1;
    private const string Disabled = "Disabled";
    private const string Limits = "Limits";

    /// <summary>What the row of a user holds who was disabled once or had limits, or has neither.</summary>
    private static readonly HashSet<string> Ordinary =
    [
        "PartitionKey", "RowKey", "Timestamp", "odata.etag", "Schema", Disabled, "DisabledAt", "DisabledBy", Limits, "LimitsAt", "LimitsBy",
    ];

    public async Task<UserRecord> FindAsync(Owner user, CancellationToken cancellationToken)
    {
        var table = await storage.GetUsersTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(user.TenantKey, user.UserKey, [Disabled, Limits], cancellationToken);
        return new UserRecord(
            found.HasValue && found.Value!.GetBoolean(Disabled) == true,
            found.HasValue && LimitsOf(found.Value!) is { } limits ? limits : new UsageLimits());
    }

    /// <summary>Whether nothing is said of the user that would have to be kept.</summary>
    public static bool IsEmpty(TableEntity row) =>
        row.GetBoolean(Disabled) != true && string.IsNullOrEmpty(row.GetString(Limits)) && row.Keys.All(Ordinary.Contains);

    /// <param name="limits">All the user's own; those that are absent are taken back.</param>
    public async Task SetLimitsAsync(Owner user, UsageLimits limits, string by, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var table = await storage.GetUsersTableAsync(cancellationToken);
        await table.UpsertEntityAsync(
            new TableEntity(user.TenantKey, user.UserKey)
            {
                ["Schema"] = SchemaVersion,

                // The empty text, not null: what a merge leaves out stays as it was.
                [Limits] = limits.IsEmpty ? "" : JsonSerializer.Serialize(limits, StoredJson.Options),
                ["LimitsAt"] = at,
                ["LimitsBy"] = by,
            },
            TableUpdateMode.Merge,
            cancellationToken);
    }

    public async Task DisableAsync(Owner user, string by, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var table = await storage.GetUsersTableAsync(cancellationToken);

        // Merged, so that what else is said of the user stays.
        await table.UpsertEntityAsync(
            new TableEntity(user.TenantKey, user.UserKey)
            {
                ["Schema"] = SchemaVersion,
                [Disabled] = true,
                ["DisabledAt"] = at,
                ["DisabledBy"] = by,
            },
            TableUpdateMode.Merge,
            cancellationToken);
    }

    public async Task EnableAsync(Owner user, CancellationToken cancellationToken)
    {
        var table = await storage.GetUsersTableAsync(cancellationToken);
        try
        {
            var row = new TableEntity(user.TenantKey, user.UserKey) { [Disabled] = false };
            await table.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Merge, cancellationToken);
        }
        catch (RequestFailedException failure) when (failure.Status == NotFound)
        {
            // Nobody disabled this user.
        }
    }

    /// <summary>The user's own limits; what only a newer version can read of them leaves the tenant's and everybody's in force.</summary>
    private UsageLimits? LimitsOf(TableEntity row)
    {
        try
        {
            return row.GetString(Limits) is { Length: > 0 } json ? JsonSerializer.Deserialize<UsageLimits>(json, StoredJson.Options) : null;
        }
        catch (JsonException)
        {
            unknown?.Add("Users", Limits, value: null);
            return null;
        }
    }
}
