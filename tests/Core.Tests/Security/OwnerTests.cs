using CsCheck;
using Yggdrasil.Security;

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
}
