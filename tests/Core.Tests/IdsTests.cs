using Yggdrasil.Foundation;

namespace Yggdrasil.Tests;

public sealed class IdsTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("A9_-", true)]
    [InlineData("run_0123", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("_a", false)]
    [InlineData("-a", false)]
    [InlineData("a b", false)]
    [InlineData("a/b", false)]
    [InlineData("a\\b", false)]
    [InlineData("a#b", false)]
    [InlineData("a?b", false)]
    [InlineData("a!b", false)]
    [InlineData("a\u0000b", false)]
    [InlineData("a\n", false)]
    [InlineData("é", false)]
    [InlineData("..", false)]
    [InlineData("a' or 'b", false)]
    public void Caller_ids_follow_the_contract(string? id, bool valid) => Assert.Equal(valid, Ids.IsValid(id));

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Caller_ids_end_at_64_characters(int length, bool valid) => Assert.Equal(valid, Ids.IsValid(new string('a', length)));

    [Fact]
    public void Run_ids_are_valid_and_differ()
    {
        var ids = Enumerable.Range(0, 1000).Select(_ => Ids.NewRun()).ToList();

        Assert.All(ids, id => Assert.Matches("^run_[0-9a-z]{26}$", id));
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    [Fact]
    public void Run_id_of_a_key_is_the_same_for_its_owner_only()
    {
        Assert.Equal(Ids.RunFor("dev!alice", "key"), Ids.RunFor("dev!alice", "key"));
        Assert.NotEqual(Ids.RunFor("dev!alice", "key"), Ids.RunFor("dev!bob", "key"));
        Assert.NotEqual(Ids.RunFor("dev!alice", "key"), Ids.RunFor("dev!alice", "Key"));
    }

    [Fact]
    public void Wire_ids_of_tool_calls_fit_the_providers_limit()
    {
        var id = Ids.WireToolCall(Ids.NewRun(), Ids.ToolCall(200, 999));

        Assert.Matches("^[0-9a-z]{8}_t200c999$", id);
        Assert.InRange(id.Length, 1, 40);
    }
}
