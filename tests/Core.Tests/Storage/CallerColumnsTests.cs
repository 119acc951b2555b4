using Azure.Data.Tables;
using Yggdrasil.Security;
using Yggdrasil.Storage;

namespace Yggdrasil.Tests.Storage;

public sealed class CallerColumnsTests
{
    [Theory]
    [InlineData]
    [InlineData("admin")]
    [InlineData("Helpdesk admin")]
    [InlineData("a\"b", "c\\d", "[admin]", "é\nadmin")]
    public void Caller_comes_back_with_the_roles_it_had_and_no_other(params string[] roles)
    {
        var caller = new Caller(new Owner("tenant", "user"), roles.ToHashSet());
        var row = new TableEntity(caller.Owner.Partition, "run!x");

        CallerColumns.Write(row, caller);
        var read = CallerColumns.Read(row);

        Assert.Equal(caller.Owner, read.Owner);
        Assert.Equal(roles.Order(), read.Roles.Order());
        Assert.Equal(roles.Contains("admin"), read.IsAdmin);
    }

    [Fact]
    public void Roles_in_another_form_give_no_rights()
    {
        var row = new TableEntity("p", "run!x") { ["Roles"] = "Helpdesk admin" };

        Assert.Empty(CallerColumns.ReadRoles(row));
    }
}
