using CsCheck;
using Yggdrasil.Identity;

namespace Yggdrasil.Tests.Security;

public sealed class OwnerTests
{
    [Fact]
    public void Different_owners_have_different_partitions() =>
        Gen.Select(Gen.String, Gen.String, Gen.String, Gen.String).Sample((tenant, user, otherTenant, otherUser) =>
        {
            var (one, other) = (new Owner(tenant, user), new Owner(otherTenant, otherUser));
            return one == other || one.Partition != other.Partition;
        });

    [Theory]
    [InlineData("a!b", "c", "a", "b!c")]
    [InlineData("a=0021b", "c", "a!b", "c")]
    [InlineData("A", "b", "a", "b")]
    public void Partitions_cannot_be_forged(string tenant, string user, string otherTenant, string otherUser) =>
        Assert.NotEqual(new Owner(tenant, user).Partition, new Owner(otherTenant, otherUser).Partition);

    [Fact]
    public void Names_that_are_no_valid_unicode_stay_apart() =>
        Assert.NotEqual(new Owner("\ud800", "c").Partition, new Owner("\ud801", "c").Partition);

    [Fact]
    public void Partition_holds_nothing_that_table_keys_forbid() =>
        Gen.Select(Gen.String, Gen.String).Sample((tenant, user) =>
            !new Owner(tenant, user).Partition.Any(c => c is '/' or '\\' or '#' or '?' || char.IsControl(c) || c > '~'));

    [Theory]
    [InlineData("dev", "admin")]
    [InlineData("dev", "!admin")]
    [InlineData("dev", "")]
    [InlineData("dev!", "admin")]
    [InlineData("", "!admin")]
    public void Partition_of_a_role_is_no_users_and_no_other_roles(string tenant, string user)
    {
        // A user's name is encoded, so nothing in it can stand for the second separator.
        string[] roles = ["admin", "!admin", "", "boss"];
        string[] tenants = ["dev", "dev!", ""];
        List<string> partitions = [.. from role in roles from other in tenants select Owner.RolePartition(other, role)];

        Assert.DoesNotContain(new Owner(tenant, user).Partition, partitions);
        Assert.Equal(partitions.Count, partitions.Distinct().Count());
    }
}
