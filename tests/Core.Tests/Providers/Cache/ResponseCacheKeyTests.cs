using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Models;
using Yggdrasil.Models.Cache;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Tests.Runs;

namespace Yggdrasil.Tests.Providers.Cache;

public sealed class ResponseCacheKeyTests
{
    private static readonly ResponseCacheScope Scope = new("dev!alice", "0123456789abcdef~agent", 1, TimeSpan.FromMinutes(5));
    private static readonly ModelId[] Models = [new("openai", "gpt-4.1"), new("anthropic", "claude")];

    /// <summary>Requests of which no two may have the same answer.</summary>
    private static readonly Dictionary<string, Func<ResponseCacheKey>> Different = new()
    {
        ["the request itself"] = () => Key(),
        ["other user"] = () => Key(Scope with { Partition = "dev!bob" }),
        ["other agent"] = () => Key(Scope with { AgentKey = "0123456789abcdef~other" }),
        ["other version"] = () => Key(Scope with { AgentVersion = 2 }),
        ["other life"] = () => Key(Scope with { Ttl = TimeSpan.FromMinutes(4) }),
        ["other fallback"] = () => Key(models: [Models[0]]),
        ["other order of models"] = () => Key(models: [Models[1], Models[0]]),
        ["other text"] = () => Key(messages: [new(ChatRole.User, "Hello!")]),
        ["other role"] = () => Key(messages: [new(ChatRole.Assistant, "Hello")]),
        ["instructions"] = () => Key(messages: [new(ChatRole.System, "Be brief."), new(ChatRole.User, "Hello")]),
        ["history"] = () => Key(messages: [new(ChatRole.User, "Hi"), new(ChatRole.Assistant, "Hi."), new(ChatRole.User, "Hello")]),
        ["two texts"] = () => Key(messages: [new(ChatRole.User, [new TextContent("Hel"), new TextContent("lo")])]),
        ["two messages"] = () => Key(messages: [new(ChatRole.User, "Hel"), new(ChatRole.User, "lo")]),
        ["reasoning"] = () => Key(messages: [new(ChatRole.User, [new TextReasoningContent("Hello")])]),
        ["signed reasoning"] = () => Key(messages: [new(ChatRole.User, [new TextReasoningContent("Hello") { ProtectedData = "s" }])]),
        ["image"] = () => Key(messages: [new(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])]),
        ["other image"] = () => Key(messages: [new(ChatRole.User, [new DataContent(new byte[] { 2 }, "image/png")])]),
        ["temperature"] = () => Key(options: new() { Temperature = 0 }),
        ["other temperature"] = () => Key(options: new() { Temperature = 0.1f }),
        ["output bound"] = () => Key(options: new() { MaxOutputTokens = 10 }),
        ["seed"] = () => Key(options: new() { Seed = 1 }),
        ["schema"] = () => Key(options: Schema("""{"type":"object"}""")),
        ["other schema"] = () => Key(options: Schema("""{"type":"array"}""")),
        ["tool"] = () => Key(options: Tool("read", "Reads.", "{}")),
        ["other tool name"] = () => Key(options: Tool("read2", "Reads.", "{}")),
        ["other tool description"] = () => Key(options: Tool("read", "Reads all.", "{}")),
        ["other tool schema"] = () => Key(options: Tool("read", "Reads.", """{"type":"object"}""")),
        ["call"] = () => Key(messages: Called("c1", "c1", "read", 1, "ok")),
        ["other call"] = () => Key(messages: Called("c1", "c1", "write", 1, "ok")),
        ["other arguments"] = () => Key(messages: Called("c1", "c1", "read", 2, "ok")),
        ["other result"] = () => Key(messages: Called("c1", "c1", "read", 1, "no")),
        ["result of no call"] = () => Key(messages: Called("c1", "c2", "read", 1, "ok")),
    };

    [Fact]
    public void Requests_that_differ_in_anything_have_keys_of_their_own()
    {
        var keys = Different.Select(request => (request.Key, Hash: request.Value().Hash)).ToList();
        Assert.All(keys.GroupBy(key => key.Hash), same => Assert.Single(same));
    }

    [Fact]
    public void Key_of_a_request_is_always_the_same() =>
        Assert.All(Different.Values, request => Assert.Equal(request(), request()));

    [Fact]
    public void Ids_of_runs_and_messages_and_times_do_not_matter()
    {
        var (first, second) = (Ids.NewRun(), Ids.NewRun());
        var one = Called(Ids.WireToolCall(first, "t1c0"), Ids.WireToolCall(first, "t1c0"), "read", 1, "ok");
        var other = Called(Ids.WireToolCall(second, "t1c0"), Ids.WireToolCall(second, "t1c0"), "read", 1, "ok");
        other[0].MessageId = "msg_1";
        other[0].CreatedAt = DateTimeOffset.UtcNow;
        Assert.Equal(Key(messages: one), Key(messages: other));
    }

    [Fact]
    public void Results_are_told_apart_by_the_call_they_belong_to()
    {
        ChatMessage[] Swapped(string first, string second) =>
        [
            new(ChatRole.Assistant, [new FunctionCallContent("a", "read"), new FunctionCallContent("b", "read")]),
            new(ChatRole.Tool, [new FunctionResultContent(first, "1")]),
            new(ChatRole.Tool, [new FunctionResultContent(second, "2")]),
        ];
        Assert.NotEqual(Key(messages: Swapped("a", "b")), Key(messages: Swapped("b", "a")));
    }

    [Fact]
    public void Arguments_fresh_from_a_model_and_read_back_from_the_journal_are_the_same()
    {
        var fresh = Called("c", "c", "read", JsonElement.Parse("""{ "a" : [ 1.50, "é" ] }"""), "ok");
        var stored = JsonSerializer.Deserialize<List<ChatMessage>>(
            JsonSerializer.SerializeToUtf8Bytes(fresh, AIJsonUtilities.DefaultOptions), AIJsonUtilities.DefaultOptions)!;
        Assert.Equal(Key(messages: fresh), Key(messages: [.. stored]));
    }

    [Fact]
    public void Key_survives_its_text_and_nothing_else_is_one()
    {
        Assert.True(ResponseCacheKey.TryParse(Key().ToString(), out var read));
        Assert.Equal(Key(), read);
        Assert.False(ResponseCacheKey.TryParse("__MSFT_HCT__*", out _));
        Assert.False(ResponseCacheKey.TryParse(Key().Hash, out _));
    }

    [Theory]
    [InlineData(CacheScope.User, "dev!alice")]
    [InlineData(CacheScope.Agent, "configuration~assistant")]
    public void Scope_says_who_shares_an_answer(CacheScope scope, string partition)
    {
        var run = LoopFixture.NewRun(new AgentDefinition { Model = "demo:a" }, DateTimeOffset.UtcNow) with { AgentKey = "configuration~assistant" };
        Assert.Equal(partition, ModelStep.CacheScopeOf(run, new CachePolicy(60, scope)).Partition);

        // A run of before agents had keys shares with nobody.
        Assert.Equal("dev!alice", ModelStep.CacheScopeOf(run with { AgentKey = null }, new CachePolicy(60, scope)).Partition);
    }

    [Fact]
    public void Agent_has_the_same_key_for_its_owner_and_for_those_it_is_shared_with()
    {
        var owner = new Owner("dev", "alice");
        Agent Reached(string id, Owner? of) => new(id, new AgentDefinition { Model = "demo:a" }, 1, of, AgentSource.User, default, default, default);
        var own = Reached("helper", owner).Key;
        Assert.Equal(own, Reached(Ids.SharedAgent(owner.Partition, "helper"), owner).Key);
        Assert.NotEqual(own, Reached("helper", new Owner("dev", "bob")).Key);
        Assert.NotEqual(own, Reached("helper", of: null).Key);
        Assert.DoesNotContain('!', own);
    }

    private static ResponseCacheKey Key(
        ResponseCacheScope? scope = null, ModelId[]? models = null, ChatMessage[]? messages = null, ChatOptions? options = null) =>
        ResponseCacheKey.Of(scope ?? Scope, models ?? Models, messages ?? [new(ChatRole.User, "Hello")], options ?? new ChatOptions());

    private static ChatOptions Schema(string schema) => new() { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse(schema)) };

    private static ChatOptions Tool(string name, string description, string schema) =>
        new() { Tools = [AIFunctionFactory.CreateDeclaration(name, description, JsonElement.Parse(schema))] };

    private static ChatMessage[] Called(string callId, string resultOf, string name, object argument, string result) =>
    [
        new(ChatRole.Assistant, [new FunctionCallContent(callId, name, new Dictionary<string, object?> { ["a"] = argument })]),
        new(ChatRole.Tool, [new FunctionResultContent(resultOf, result)]),
    ];
}
