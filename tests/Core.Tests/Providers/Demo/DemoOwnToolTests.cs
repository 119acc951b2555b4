using System.Text.Encodings.Web;
using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.AI;
using Yggdrasil.Models.Demo;

namespace Yggdrasil.Tests.Providers.Demo;

/// <summary>The demo model and the tools that it was not written for: those of the reader.</summary>
public sealed class DemoOwnToolTests
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly DemoChatClient Demo = new("assistant", TimeProvider.System);

    private static readonly AIFunctionDeclaration FindOrder = Declare("find_order", """{"number":{"type":"string"},"verbose":{"type":"boolean"}}""", "number");
    private static readonly AIFunctionDeclaration FindOrderLines = Declare("find_order_lines", """{"orderNumber":{"type":"string"}}""", "orderNumber");
    private static readonly AIFunctionDeclaration Ship = Declare("ship", """{"order":{"type":"string"},"kilograms":{"type":"number"}}""", "order", "kilograms");
    private static readonly AIFunctionDeclaration Square = Declare("square_of", """{"side":{"type":["integer","null"]}}""", "side");
    private static readonly AIFunctionDeclaration Ping = Declare("ping", "{}");
    private static readonly ChatOptions Options = TestTools.Offer(TestTools.Calculator, FindOrder, FindOrderLines, Ship, Square, Ping);

    [Theory]
    [InlineData("call find_order {\"number\":\"A-1042\"}", """find_order {"number":"A-1042"}""")]
    [InlineData("Call the tool `Find_Order` {\"number\": \"A-1042\",\n  \"verbose\": true}", """find_order {"number":"A-1042","verbose":true}""")]
    [InlineData("call find_order {}", "find_order {}")]
    [InlineData("call ping", "ping {}")]
    [InlineData("call ship {\"order\":{\"nested\":[1,2]},\"kilograms\":1.50} at once", """ship {"order":{"nested":[1,2]},"kilograms":1.50}""")]
    [InlineData("call calculator {\"expression\":\"2+2\"}", """calculator {"expression":"2+2"}""")]
    [InlineData("call find_order {\"number\":\"\ud83d\ude00 \u00e9 2+2\"}", "find_order {\"number\":\"\\uD83D\\uDE00 \u00e9 2+2\"}")]
    [InlineData("find order A-1042", """find_order {"number":"A-1042"}""")]
    [InlineData("Please find me the order with the number A-1042, please.", """find_order {"number":"A-1042"}""")]
    [InlineData("Could you FIND ORDER #10-42?", """find_order {"number":"10-42"}""")]
    [InlineData("find order \"A 1042.5\" for me", """find_order {"number":"A 1042.5"}""")]
    [InlineData("use find_order: A-1042", """find_order {"number":"A-1042"}""")]
    [InlineData("call find_order A-1042", """find_order {"number":"A-1042"}""")]
    [InlineData("find order lines of order number A-1042", """find_order_lines {"orderNumber":"A-1042"}""")]
    [InlineData("What is the square of 12?", """square_of {"side":12}""")]
    [InlineData("ping it", "ping {}")]
    public async Task Prompt_that_names_a_tool_calls_it(string prompt, string call) => Assert.Equal([call], await CallsAsync(prompt, Options));

    [Theory]
    [InlineData("call find_ordr {\"number\":\"A-1042\"}", "This agent has no tool find_ordr. Its tools are: calculator, find_order, find_order_lines, ping, ship, square_of.")]
    [InlineData("call find_order {number: A-1042}", "The arguments of find_order are not a JSON object. To call find_order, write for example: call find_order {\"number\":\"…\"}")]
    [InlineData("call find_order {\"number\":\"A-1042\"", "The arguments of find_order are not a JSON object. To call find_order, write for example: call find_order {\"number\":\"…\"}")]
    [InlineData("call find_order", "To call find_order, write for example: call find_order {\"number\":\"…\"}")]
    [InlineData("find order", "To call find_order, write for example: call find_order {\"number\":\"…\"}")]
    [InlineData("ship order A-1042", "To call ship, write for example: call ship {\"order\":\"…\",\"kilograms\":1}")]
    [InlineData("the square of a circle", "To call square_of, write for example: call square_of {\"side\":1}")]
    public async Task Mistake_is_answered_with_what_to_write(string prompt, string answer)
    {
        var response = await Demo.GetResponseAsync(prompt, Options);
        var streamed = await Demo.GetStreamingResponseAsync(prompt, Options).ToChatResponseAsync();

        Assert.Equal((answer, answer), (response.Text, streamed.Text));
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
    }

    [Fact]
    public async Task Agent_without_tools_says_so() =>
        Assert.Equal("This agent has no tool ping. It has no tools.", (await Demo.GetResponseAsync("call ping")).Text);

    [Fact]
    public async Task Hello_shows_how_to_call_the_tools_of_the_agent()
    {
        var answer = (await Demo.GetResponseAsync("Hello", Options)).Text;

        Assert.EndsWith(
            """for example: call find_order {"number":"…"}; call find_order_lines {"orderNumber":"…"}; call ship {"order":"…","kilograms":1}; call square_of {"side":1}; call ping {}""",
            answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Calls_by_name_and_by_words_are_made_and_told_in_order(bool streamed)
    {
        List<ChatMessage> messages =
            [new(ChatRole.User, "call ping\ncall find_order {\"number\":\"A-1\"}\nFind order A-2. And what is 2+2?\ncall pong {}")];

        List<string> made = [];
        ChatResponse response;
        while ((response = await AskAsync(messages, streamed)).FinishReason == ChatFinishReason.ToolCalls)
        {
            var calls = response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().ToList();
            made.Add(string.Join(" + ", calls.Select(Written)));
            messages.AddRange(response.Messages);
            messages.Add(new ChatMessage(ChatRole.Tool, [.. calls.Select(call => new FunctionResultContent(
                call.CallId, call.Name switch { "ping" => "error: no route", "calculator" => "4", _ => """{"status":"shipped"}""" }))]));
        }

        Assert.Equal(["ping {}", """find_order {"number":"A-1"} + find_order {"number":"A-2"}""", """calculator {"expression":"2+2"}"""], made);
        Assert.Equal(
            "Calling ping failed: error: no route find_order answered: {\"status\":\"shipped\"} "
            + "This agent has no tool pong. Its tools are: calculator, find_order, find_order_lines, ping, ship, square_of. "
            + "find_order answered: {\"status\":\"shipped\"} 2+2 = 4.",
            response.Text);
    }

    [Fact]
    public async Task Tools_switched_off_are_not_called_by_name_either()
    {
        var options = TestTools.Offer(FindOrder);
        options.ToolMode = ChatToolMode.None;

        Assert.Empty(await CallsAsync("call find_order {\"number\":\"A-1\"}", options));
    }

    [Fact]
    public async Task Prompt_of_many_calls_makes_a_few()
    {
        var prompt = string.Join('\n', Enumerable.Repeat("call find_order {\"number\":\"A-1\"}\nfind order A-2", 5000));

        Assert.Equal(8, (await CallsAsync(prompt, Options)).Count);
    }

    [Theory]
    [InlineData("true")]
    [InlineData("5")]
    [InlineData("""{"type":"object","properties":5}""")]
    [InlineData("""{"type":"object","properties":{"a":true,"b":{"type":[]},"c":{"type":7}},"required":"a"}""")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"object"}},"required":[1,"a","z"]}""")]
    public async Task Schema_of_another_kind_is_no_reason_to_fail(string schema)
    {
        var tool = AIFunctionFactory.CreateDeclaration("_odd__tool", "", JsonDocument.Parse(schema).RootElement);

        Assert.Equal(["_odd__tool {}"], await CallsAsync("call _odd__tool {}", TestTools.Offer(tool)));
        Assert.NotEmpty((await Demo.GetResponseAsync("odd tool x", TestTools.Offer(tool))).Messages);
    }

    [Fact]
    public void Any_text_is_read_without_an_exception()
    {
        string[] words =
        [
            "call", "find", "order", "find_order", "\n", " ", "{", "}", "\"", ":", "{}", "{\"number\":\"", "A-1", "\"}", ".", ",", "`", "the", "please", "\ud83d", "\ude00", "_", "ping",
        ];
        var tools = Options.Tools!.Append(Declare("_", "{}")).Select(DemoTool.From).ToList();
        var wordy = Gen.Int[0, words.Length - 1].Array[0, 40].Select(picks => string.Concat(picks.Select(pick => words[pick])));

        Gen.OneOf(wordy, Gen.String).Sample(text => DemoPrompt.Read(text, tools).Count <= 8);
    }

    private static async Task<List<string>> CallsAsync(string prompt, ChatOptions options)
    {
        var response = await Demo.GetResponseAsync(prompt, options);
        var streamed = await Demo.GetStreamingResponseAsync(prompt, options).ToChatResponseAsync();
        var calls = Calls(response);
        Assert.Equal(calls, Calls(streamed));
        return calls;
    }

    private static List<string> Calls(ChatResponse response) =>
        [.. response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().Select(Written)];

    private static string Written(FunctionCallContent call) => $"{call.Name} {JsonSerializer.Serialize(call.Arguments, Readable)}";

    private static Task<ChatResponse> AskAsync(List<ChatMessage> messages, bool streamed) => streamed
        ? Demo.GetStreamingResponseAsync(messages, Options).ToChatResponseAsync()
        : Demo.GetResponseAsync(messages, Options);

    private static AIFunctionDeclaration Declare(string name, string properties, params string[] required) => AIFunctionFactory.CreateDeclaration(
        name, $"The {name} tool.", JsonDocument.Parse($$"""{"type":"object","properties":{{properties}},"required":{{JsonSerializer.Serialize(required)}} }""").RootElement);
}
