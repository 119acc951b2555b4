using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Tests.Runs.Approvals;

public sealed class ArgumentsHashTests
{
    [Theory]
    [InlineData("""{"a":1,"b":{"c":[1,2],"d":"x"}}""", """{ "b": { "d": "\u0078", "c": [1, 2] }, "a": 1 }""", true)]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""", false)]
    [InlineData("""{"a":1}""", """{"a":"1"}""", false)]
    [InlineData("""{"a":1}""", """{"a":1,"b":null}""", false)]
    [InlineData("""{"a":"x","b":""}""", """{"a":"","b":"x"}""", false)]
    public void Arguments_are_the_same_whatever_their_order_and_spelling_and_else_differ(string one, string other, bool same) =>
        Assert.Equal(same, Hash(one) == Hash(other));

    [Fact]
    public void Same_arguments_of_another_call_run_or_tool_have_another_hash()
    {
        string[] hashes = [Hash("{}"), Hash("{}", callId: "t1c1"), Hash("{}", runId: "run_2"), Hash("{}", tool: "get")];

        Assert.Equal(4, hashes.Distinct().Count());
    }

    private static string Hash(string arguments, string runId = "run_1", string callId = "t1c0", string tool = "post")
    {
        var values = JsonSerializer.Deserialize<Dictionary<string, object?>>(arguments);
        return ArgumentsHash.Of(runId, new PendingCall(callId, 1, new FunctionCallContent("x", tool, values), Intent: null));
    }
}
