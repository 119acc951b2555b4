using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Tests.Providers.Profiles;

/// <summary>A provider's prompt cache holds only what is equal from the first byte on.</summary>
public sealed class PromptPrefixTests : IAsyncLifetime
{
    private ProfiledServer _server = null!;

    public async Task InitializeAsync() => _server = await ProfiledServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("openai:gpt-5-mini")]
    [InlineData("mistral:large")]
    [InlineData("deepseek:chat")]
    [InlineData("gemini:gemini-3-pro")]
    [InlineData("fake:m")]
    public async Task Prompt_of_the_next_turn_begins_with_that_of_the_last_whole_also_after_a_restart(string model)
    {
        var options = TestTools.Offer(TestTools.Calculator, TestTools.Clock);
        options.ResponseFormat = ChatResponseFormat.ForJsonSchema<Dictionary<string, int>>();
        List<ChatMessage> messages = [new(ChatRole.System, "Be brief."), new(ChatRole.User, "17*23, and the time?")];
        for (var turn = 0; turn < 4; turn++)
        {
            _server.Enqueue(
                """
                {"role":"assistant","content":"Ünïcode \ud83d\ude00","reasoning_content":"hm","tool_calls":[
                 {"id":"same","type":"function","function":{"name":"calculator","arguments":"{ \"expression\" : \"17*23 < 1e3 \\u00fc\" }"}},
                 {"id":"same","type":"function","function":{"name":"functions.clock","arguments":""}}]}
                """);
            var response = await _server.Client(model).GetResponseAsync(messages, options);
            var calls = response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().ToList();
            calls[1] = Renamed(response, calls[1], $"second{turn}");
            messages.AddRange(response.Messages);
            messages.AddRange(calls.Select(call => new ChatMessage(ChatRole.Tool, [new FunctionResultContent(call.CallId, "391")])));

            // Another instance goes on from the journal.
            messages = ProfiledServer.Stored(messages);
        }

        await _server.Client(model).GetResponseAsync([.. messages, new(ChatRole.Assistant, "Done."), new(ChatRole.User, "And then?")], options);

        foreach (var (before, after) in _server.Texts.Zip(_server.Texts.Skip(1)))
        {
            Assert.StartsWith(Part(before, "messages")[..^1], Part(after, "messages"), StringComparison.Ordinal);
            Assert.Equal(Part(before, "tools"), Part(after, "tools"));
        }
    }

    [Fact]
    public async Task Ids_of_calls_are_unique_whatever_they_were_recorded_with()
    {
        List<ChatMessage> messages = [new(ChatRole.User, "Hello")];
        for (var turn = 0; turn < 3; turn++)
        {
            messages.Add(new(ChatRole.Assistant, [new FunctionCallContent("same", "clock"), new FunctionCallContent("", "clock")]));
            messages.Add(new(ChatRole.Tool, [new FunctionResultContent("same", $"a{turn}")]));
            messages.Add(new(ChatRole.Tool, [new FunctionResultContent("", $"b{turn}")]));
        }

        await _server.Client("mistral:large").GetResponseAsync(messages);

        var ids = _server.LastMessages.EnumerateArray().Where(message => message.TryGetProperty("tool_calls", out _))
            .SelectMany(message => message.GetProperty("tool_calls").EnumerateArray()).Select(call => call.GetProperty("id").GetString()!).ToList();
        var results = _server.LastMessages.EnumerateArray().Where(message => message.TryGetProperty("tool_call_id", out _)).Select(message => message.GetProperty("tool_call_id").GetString()!);
        Assert.Equal(6, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Matches("^[A-Za-z0-9]{9}$", id));
        Assert.Equal(ids, results);
    }

    /// <summary>As the loop gives every call an id of its own.</summary>
    private static FunctionCallContent Renamed(ChatResponse response, FunctionCallContent call, string id)
    {
        var contents = response.Messages.Single(message => message.Contents.Contains(call)).Contents;
        var renamed = new FunctionCallContent(id, call.Name, call.Arguments) { AdditionalProperties = call.AdditionalProperties };
        contents[contents.IndexOf(call)] = renamed;
        return renamed;
    }

    private static string Part(string body, string name) =>
        JsonElement.Parse(body).TryGetProperty(name, out var part) ? part.GetRawText() : "";
}
