using Azure;
using Azure.Data.Tables;
using Yggdrasil.Security;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Users;

/// <summary>What admins said of users, in the Users table. A user nobody said anything of has no row.</summary>
internal sealed class UserStore(StorageClients storage)
{
    private const int SchemaVersion = 1;
    private const string Disabled = "Disabled";

    /// <summary>What the row of a user holds who was disabled once, or has none.</summary>
    private static readonly HashSet<string> Ordinary =
        ["PartitionKey", "RowKey", "Timestamp", "odata.etag", "Schema", Disabled, "DisabledAt", "DisabledBy"];

    public async Task<bool> IsDisabledAsync(Owner user, CancellationToken cancellationToken)
    {
        var table = await storage.GetUsersTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(user.TenantKey, user.UserKey, [Disabled], cancellationToken);
        return row.HasValue && row.Value!.GetBoolean(Disabled) == true;
    }

    /// <summary>Whether nothing is said of the user that would have to be kept.</summary>
    public static bool IsEmpty(TableEntity row) => row.GetBoolean(Disabled) != true && row.Keys.All(Ordinary.Contains);

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
}
