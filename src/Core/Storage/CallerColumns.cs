using System.Text.Json;
using Azure.Data.Tables;
using Yggdrasil.Security;

namespace Yggdrasil.Storage;

/// <summary>The caller on whose behalf a row's work is done, as properties of that row.</summary>
internal static class CallerColumns
{
    private const string Tenant = "Tenant";
    private const string User = "User";
    private const string Roles = "Roles";

    public static void Write(TableEntity row, Caller caller)
    {
        row[Tenant] = caller.Owner.Tenant;
        row[User] = caller.Owner.User;
        WriteRoles(row, caller);
    }

    /// <summary>For rows whose partition alone says whose they are.</summary>
    /// <remarks>As JSON: an issuer's roles may hold any character, and one called "Helpdesk admin" must not come back as two.</remarks>
    public static void WriteRoles(TableEntity row, Caller caller) => row[Roles] = JsonSerializer.Serialize(caller.Roles);

    public static Caller Read(TableEntity row) => new(new Owner(row.GetString(Tenant), row.GetString(User)), ReadRoles(row));

    /// <summary>The caller of a row of the Work table whose content is about to be used in the caller's name.</summary>
    /// <exception cref="ContentProtectionException">It is another owner's row: somebody has moved or changed it.</exception>
    public static Caller ReadOwned(TableEntity row, ContentVault vault) =>
        Read(row) is var caller && caller.Owner.Partition == row.PartitionKey
            ? caller
            : throw vault.Alert(
                new ContentAddress(StorageClients.WorkTable, row.PartitionKey, row.RowKey, User), "it is not the owner whose partition the row is in");

    /// <summary>None where they are not written as JSON: a row from before that gives no more rights than nothing does.</summary>
    public static IReadOnlySet<string> ReadRoles(TableEntity row) =>
        row.GetString(Roles) is ['[', ..] stored ? JsonSerializer.Deserialize<HashSet<string>>(stored)! : [];
}
