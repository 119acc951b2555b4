using System.ComponentModel;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Models;
using Yggdrasil.Models.Tokens;

namespace Yggdrasil.Tests.Limits;

public sealed class TokenEstimatorTests
{
    private static readonly ModelId Gpt = new("openai", "gpt-4.1");
    private static readonly ModelId Claude = new("anthropic", "claude-sonnet-4-5");

    private static readonly Dictionary<string, string> Hostile = new()
    {
        ["one word"] = new string('a', 256 * 1024),
        ["spaces"] = new string(' ', 256 * 1024),
        ["line feeds"] = new string('\n', 256 * 1024),
        ["rare ideographs"] = string.Concat(Enumerable.Range(0, 128 * 1024).Select(index => (char)(0x4e00 + (index * 7919 % 20_000)))),
        ["punctuation"] = string.Concat(Enumerable.Range(0, 256 * 1024).Select(index => "!@#$%^&*()"[index * 7919 % 10])),
        ["joined emoji"] = string.Concat(Enumerable.Repeat("👩‍👩‍👧‍👦", 20_000)),
    };

    public static TheoryData<string> HostileTexts => [.. Hostile.Keys];

    [Theory]
    [InlineData("openai:gpt-4.1", "tiktoken is great!", 6)]
    [InlineData("openai:gpt-5.1-mini", "tiktoken is great!", 6)]
    [InlineData("openai:gpt-4-turbo", "tiktoken is great!", 6)]
    [InlineData("openai:gpt-4o", "Привет мир", 3)]
    [InlineData("openai:gpt-4", "Привет мир", 5)]
    [InlineData("openrouter:openai/gpt-4.1", "Привет мир", 3)]
    [InlineData("groq:openai/gpt-oss-120b", "Привет мир", 3)]
    [InlineData("azure:GPT-4o-eastus", "Привет мир", 3)]
    [InlineData("anthropic:claude-sonnet-4-5", "Привет мир", 6)]
    [InlineData("ollama:qwen3", "1234567", 2)]
    [InlineData("ollama:qwen3", "12345678", 3)]
    public void Text_is_counted_by_the_encoding_of_the_model_or_by_its_bytes(string model, string text, int tokens)
    {
        Assert.True(ModelId.TryParse(model, out var id));
        Assert.Equal(tokens + TokenEstimator.TokensPerMessage, TokenEstimator.Estimate(id, [new(ChatRole.User, text)], [], null));
    }

    [Fact]
    public void Nothing_is_no_token() => Assert.Equal(0, TokenEstimator.Estimate(Gpt, [], [], null));

    [Fact]
    public void Every_part_of_a_request_counts()
    {
        var tool = AIFunctionFactory.Create(([Description("a path")] string path) => path, "read", "Reads a file.").AsDeclarationOnly();
        var schema = JsonElement.Parse("""{"type":"object","properties":{"answer":{"type":"string"}}}""");
        ChatMessage[] plain = [new(ChatRole.User, "Hello")];
        var least = TokenEstimator.Estimate(Gpt, plain, [], null);
        long[] more =
        [
            TokenEstimator.Estimate(Gpt, plain, [], "Be brief."),
            TokenEstimator.Estimate(Gpt, plain, [tool], null),
            TokenEstimator.Estimate(Gpt, plain, [], null, schema),
            TokenEstimator.Estimate(Gpt, [.. plain, new(ChatRole.Assistant, [new FunctionCallContent("1", "read", new Dictionary<string, object?> { ["path"] = "/etc/hosts" })])], [], null),
            TokenEstimator.Estimate(Gpt, [.. plain, new(ChatRole.Tool, [new FunctionResultContent("1", "127.0.0.1 localhost")])], [], null),
            TokenEstimator.Estimate(Gpt, [.. plain, new(ChatRole.Assistant, [new TextReasoningContent("The user greets me.")])], [], null),
        ];
        Assert.All(more, estimate => Assert.InRange(estimate, least + 4, least + 60));
        Assert.Equal(
            least + TokenEstimator.TokensPerMessage + TokenEstimator.TokensPerAttachment,
            TokenEstimator.Estimate(Gpt, [.. plain, new(ChatRole.User, [new DataContent(new byte[] { 1, 2, 3 }, "image/png")])], [], null));
    }

    [Fact]
    public void Long_text_is_estimated_from_a_sample_within_a_few_percent()
    {
        var text = string.Concat(Enumerable.Range(0, 20_000).Select(index => $"The value of row {index} is {index * 31 % 977}. "));
        var whole = Enumerable.Chunk(text, 4000).Sum(part => TokenEstimator.Estimate(Gpt, [new(ChatRole.User, new string(part))], [], null) - 4);
        var sampled = TokenEstimator.Estimate(Gpt, [new(ChatRole.User, text)], [], null);
        Assert.InRange(sampled, whole * 0.95, whole * 1.05);
    }

    [Theory]
    [MemberData(nameof(HostileTexts))]
    public async Task Text_made_to_be_slow_is_estimated_in_bounded_time(string kind)
    {
        var text = Hostile[kind];
        foreach (var model in (ModelId[])[Gpt, new("openai", "gpt-4")])
        {
            // Encoded whole, each of these takes half a minute to a minute on an idle machine; bounded, a tenth of a second.
            var estimate = await Task.Run(() => TokenEstimator.Estimate(model, [new(ChatRole.User, text)], [], null)).WaitAsync(TimeSpan.FromSeconds(20));
            Assert.InRange(estimate, 1, text.Length * 3);
        }
    }

    [Fact]
    public async Task Estimates_at_the_same_time_agree()
    {
        var text = string.Concat(Enumerable.Range(0, 500).Select(index => $"word{index} "));
        var estimates = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(
            () => TokenEstimator.Estimate(Gpt, [new(ChatRole.User, text)], [], null) + TokenEstimator.Estimate(Claude, [], [], text))));
        Assert.Single(estimates.Distinct());
    }
}
