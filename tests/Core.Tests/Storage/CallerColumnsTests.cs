using Azure.Data.Tables;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Identity;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Security;

namespace Yggdrasil.Tests.Storage;

public sealed class CallerColumnsTests
{
    private readonly ContentVault _vault = Vault(TestKeys.New());

    [Theory]
    [InlineData]
    [InlineData("admin")]
    [InlineData("Helpdesk admin")]
    [InlineData("a\"b", "c\\d", "[admin]", "é\nadmin")]
    public async Task Caller_comes_back_with_the_roles_it_had_and_no_other(params string[] roles)
    {
        var caller = new Caller(new Owner("tenant", "user"), roles.ToHashSet());
        var row = await WriteAsync(caller);

        var read = await CallerColumns.ReadOwnedAsync(row, _vault, CancellationToken.None);

        Assert.Equal(caller.Owner, read.Owner);
        Assert.Equal(roles.Order(), read.Roles.Order());
        Assert.Equal(roles.Contains("admin"), read.IsAdmin);
        Assert.Empty(CallerColumns.Read(row).Roles);
        Assert.DoesNotContain(row, column => column.Value is string text && text.Contains("admin", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("[\"admin\"]")]
    [InlineData("Helpdesk admin")]
    public async Task Roles_in_a_plain_column_as_the_version_before_wrote_them_give_no_rights(string roles)
    {
        var row = await WriteAsync(new Caller(new Owner("tenant", "user"), new HashSet<string>()));
        row["Roles"] = roles;

        Assert.Empty((await CallerColumns.ReadOwnedAsync(row, _vault, CancellationToken.None)).Roles);
    }

    [Fact]
    public async Task Roles_of_another_row_or_changed_ones_are_refused()
    {
        var admin = await WriteAsync(new Caller(new Owner("tenant", "user"), new HashSet<string> { "admin" }), "run!admin");
        var row = await WriteAsync(new Caller(new Owner("tenant", "user"), new HashSet<string> { "reader" }));

        row[CallerColumns.Roles] = admin[CallerColumns.Roles];
        await Assert.ThrowsAsync<ContentProtectionException>(() => CallerColumns.ReadOwnedAsync(row, _vault, CancellationToken.None));
        row[CallerColumns.Roles] = "[\"admin\"]"u8.ToArray();
        await Assert.ThrowsAsync<ContentProtectionException>(() => CallerColumns.ReadOwnedAsync(row, _vault, CancellationToken.None));
    }

    private async Task<TableEntity> WriteAsync(Caller caller, string key = "run!x")
    {
        var row = new TableEntity(caller.Owner.Partition, key);
        await CallerColumns.WriteAsync(row, caller, _vault, CancellationToken.None);
        return row;
    }

    /// <summary>Of values that fit into their rows: no storage is asked.</summary>
    private static ContentVault Vault(string key) => new(
        new StorageClients(new ConfigurationBuilder()
            .AddInMemoryCollection([new(StorageClients.Setting, "UseDevelopmentStorage=true")]).Build()),
        new ContentProtector(TestKeys.Ring(key)),
        NullLogger<ContentVault>.Instance);
}
