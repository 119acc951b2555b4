using System.Text;
using CsCheck;

namespace Yggdrasil.Tests.Providers.Wire;

public class NormalisedStreamTests
{
    private const string Canonical =
        """
        data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi 😀"},"finish_reason":null}]}

        data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}


        """;

    // Good and bad of all three wires, whole lines and broken ones.
    private static readonly string[] Fragments =
    [
        Canonical, "data: [DONE]\n\n", ": keep-alive\n\n", "event: ping\ndata: {\"type\":\"ping\"}\n\n", "\r\n", "\n", "\uFEFF",
        "data:{\"choices\":[{\"delta\":{\"content\":\"a\\ud83d\"}}]}\n\n", "data: {\"choices\":[{\"delta\":{\"content\":\"\\ude00b\"}}]}\r\n\r\n",
        "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"hm\"}}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\n",
        "data: {\"usage\":{\"\\ud83d\":1,\"prompt_tokens\":3},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"reasoning\":\"hm\"},\"finish_reason\":\"eos\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":-1}}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\"\"}}]}}]}\n\n",
        "data: {\"id\":\"1\",\"object\":\"c\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]},\"finish_reason\":null}]}\n\n",
        "{\"choices\":[{\"message\":{\"role\":\"\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}],\"refusal\":null},\"finish_reason\":\"\"}]}\n",
        "{\n \"choices\": [\n  {\"message\": {\"content\": \"y\"}}\n ]\n}\n", "data: {\"error\":{\"message\":\"no\",\"code\":429}}\n\n", "{\"error\":\"no\"}\n",
        "data: {\"choices\":null}\n\n", "data: {\"choices\":[1,null,{}]}\n\n", "data: {\"choices\": [\n", "data: null\n\n", "data: \"text\"\n\n", "<html>", "Bad gateway\n",
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"content\":[]}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"\\ud83d\"}}\n\n",
        "{\"type\":\"message\",\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{\"a\":\"\\ud83d\"}}],\"stop_reason\":\"refusal\"}\n",
        "{\"message\":{\"role\":\"assistant\",\"content\":\"o\"},\"done\":false}\n", "{\"message\":{\"content\":\"\\ud83d\"},\"done\":true,\"done_reason\":\"load\"}\n",
        "\u0000", "data: {\"choices\":[{\"delta\":{\"content\":\"\u00e6\"}}]}",
    ];

    private static readonly Gen<byte[]> Answers = Gen.OneOf(
        Gen.Int[0, Fragments.Length - 1].Select(at => Fragments[at]).Array[0, 12].Select(parts => Encoding.UTF8.GetBytes(string.Concat(parts))),
        Gen.Select(Gen.Int[0, Fragments.Length - 1].Select(at => Fragments[at]).Array[1, 6], Gen.Byte.Array[0, 20], Gen.Int[0, 400], Splice));

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    [InlineData("ollama")]
    public void Same_bytes_in_other_pieces_give_the_same_and_only_classified_failures(string wire) =>
        Gen.Select(Answers, Gen.Int[1, 70], Gen.Int[1, 300]).Sample(
            sample =>
            {
                var (answer, piece, buffer) = sample;
                var whole = WireText.ReadAsync(wire, answer, int.MaxValue).GetAwaiter().GetResult();
                var cut = WireText.ReadAsync(wire, answer, piece, buffer: buffer).GetAwaiter().GetResult();
                return whole == cut;
            },
            iter: 3000);

    [Theory]
    [InlineData("""{"id":"1","choices":[{"index":0,"delta":{"reasoning":"hm"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}""",
        """{"id":"1","choices":[{"index":0,"delta":{"reasoning_content":"hm"}}],"usage":null}""")]
    [InlineData("""{"usage": {"prompt_tokens":3,"completion_tokens":1}, "choices":[{"index":0,"delta":{"reasoning":"hm"}}]}""",
        """{"usage": null, "choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{},"x":1}""", """{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":null,"x":1}""")]
    public async Task Tokens_with_a_chunk_are_taken_out_of_it_and_reported_once_at_the_end(string chunk, string expected)
    {
        var (text, failure) = await WireText.ReadAsync("openai", Encoding.UTF8.GetBytes($"data: {chunk}\n\ndata: {chunk}\n\n" + "data: [DONE]\n\n"), int.MaxValue);

        Assert.Null(failure);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([$"data: {expected}", $"data: {expected}"], lines[..2]);
        Assert.Equal(
            chunk.Contains("prompt_tokens", StringComparison.Ordinal) ? 1 : 0,
            lines.Count(line => line.Contains("\"prompt_tokens\":3,\"completion_tokens\":1", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Stream_that_is_as_documented_comes_through_byte_by_byte()
    {
        var (text, failure) = await WireText.ReadAsync("openai", Encoding.UTF8.GetBytes(Canonical + "data: [DONE]\n\n"), int.MaxValue);

        Assert.Equal((Canonical + "data: [DONE]\n\n", null), (text, failure));
    }

    [Theory]
    [InlineData("openai", "data: {\"choices\":[{\"delta\":{\"content\":\"$\"}}]}\n\n")]
    [InlineData("openai", "{\"choices\":[{\"message\":{\"content\":\"$\"}}]}")]
    [InlineData("anthropic", "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"$\"}}\n\n")]
    [InlineData("ollama", "{\"message\":{\"role\":\"assistant\",\"content\":\"$\"},\"done\":false}\n")]
    [InlineData("openai", ": $")]
    public async Task Answer_beyond_the_bound_is_cut(string wire, string template)
    {
        var answer = Encoding.UTF8.GetBytes(template.Replace("$", new string('x', 300_000), StringComparison.Ordinal));

        var (text, failure) = await WireText.ReadAsync(wire, answer, piece: 8192, kilobytes: 100);

        Assert.Equal("answer_too_long", failure);
        Assert.True(text.Length < 200_000);
    }

    [Fact]
    public async Task Many_small_chunks_are_bounded_by_their_text_and_not_by_what_is_around_it()
    {
        var chunk = Canonical[..Canonical.IndexOf("\n\n", StringComparison.Ordinal)] + "\n\n";
        var few = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(chunk, 1000)));
        var many = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(chunk, 1500)));

        Assert.NotEqual("answer_too_long", (await WireText.ReadAsync("openai", few, int.MaxValue, kilobytes: 7)).Failure);
        Assert.Equal("answer_too_long", (await WireText.ReadAsync("openai", many, int.MaxValue, kilobytes: 7)).Failure);
    }

    private static byte[] Splice(string[] parts, byte[] noise, int at)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(parts));
        at = Math.Min(at, bytes.Length);
        return [.. bytes[..at], .. noise, .. bytes[at..]];
    }
}
