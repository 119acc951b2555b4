using Yggdrasil.Foundation;

namespace Yggdrasil.Tests.Agents;

public sealed class SharedAgentIdTests
{
    [Fact]
    public void Shared_id_is_a_hash_of_the_owner_and_the_agents_own_id()
    {
        var id = Ids.SharedAgent("dev!alice", "helper");

        Assert.Matches("^[0-9a-z]{16}~helper$", id);
        Assert.Equal(id, Ids.SharedAgent("dev!alice", "helper"));
        Assert.NotEqual(id, Ids.SharedAgent("dev!bob", "helper"));
        Assert.NotEqual(id, Ids.SharedAgent("other!alice", "helper"));
        Assert.DoesNotContain("alice", id, StringComparison.Ordinal);
    }

    [Fact]
    public void Shared_ids_are_never_valid_where_a_caller_chooses()
    {
        var id = Ids.SharedAgent("dev!alice", "helper");

        Assert.True(Ids.IsSharedAgent(id));
        Assert.False(Ids.IsValid(id));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("~")]
    [InlineData("helper")]
    [InlineData("~helper")]
    [InlineData("0123456789abcdef~")]
    [InlineData("0123456789abcde~helper")]
    [InlineData("0123456789abcdefg~helper")]
    [InlineData("0123456789ABCDEF~helper")]
    [InlineData("0123456789abcdei~helper")]
    [InlineData("0123456789abcde!~helper")]
    [InlineData("0123456789abcdef~a~b")]
    [InlineData("0123456789abcdef~a!b")]
    [InlineData("0123456789abcdef~../b")]
    [InlineData("0123456789abcdef~a/b")]
    [InlineData("0123456789abcdef~a' or 'b")]
    [InlineData("0123456789abcdef~a\n")]
    public void Other_text_is_no_shared_id(string? id) => Assert.False(Ids.IsSharedAgent(id));

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Own_part_of_a_shared_id_ends_where_own_ids_end(int length, bool valid) =>
        Assert.Equal(valid, Ids.IsSharedAgent(Ids.SharedAgent("dev!alice", new string('a', length))));
}
