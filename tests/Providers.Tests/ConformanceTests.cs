using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Yggdrasil.Conformance.Tests.Rules;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Conformance.Tests;

/// <summary>The command as a person calls it, against servers that refuse what each provider refuses.</summary>
public sealed class ConformanceTests
{
    public static TheoryData<string> Providers => [.. ProviderRules.All.Keys];

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Every_check_holds_against_the_rules_of_a_provider(string provider)
    {
        await using var server = await ScriptedModelServer.StartAsync();
        server.RespondWith(request => Refusal(provider, request.Body) ?? As(provider, ObedientModel.Answer(request)));

        AllHeld(await RunAsync(server.Endpoint, provider, "--all"));
    }

    [Fact]
    public async Task Every_check_holds_against_the_rules_of_Anthropic()
    {
        await using var server = await AnthropicRuleServer.StartAsync();

        AllHeld(await RunAsync(server.Address.ToString(), "anthropic", "--all"));
    }

    [Fact]
    public async Task Every_check_holds_against_the_rules_of_Ollama()
    {
        await using var server = await OllamaRuleServer.StartAsync();

        AllHeld(await RunAsync(server.Address.ToString(), "ollama", "--all"));
    }

    [Fact]
    public async Task A_model_that_calls_no_tool_is_told_in_the_table_and_the_exit_code()
    {
        await using var server = await ScriptedModelServer.StartAsync();
        server.RespondWith(_ => ModelReply.Text("I would rather not."));

        var (exit, output, _) = await RunAsync(server.Endpoint, "vllm", "--check", "tool", "--check", "conversation");

        Assert.Equal(ConformanceCommand.NotAllHeld, exit);
        Assert.Contains("0 of 2 held", output, StringComparison.Ordinal);
        Assert.Contains("No tool was called: \"I would rather not.\"", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_call_is_told_with_its_code()
    {
        await using var server = await ScriptedModelServer.StartAsync();
        server.RespondWith(_ => ModelReply.Status(401));

        var (exit, output, _) = await RunAsync(server.Endpoint, "vllm", "--check", "text");

        Assert.Equal(ConformanceCommand.NotAllHeld, exit);
        Assert.Contains("provider_credentials", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_table_is_written_to_the_file_that_was_named()
    {
        await using var server = await ScriptedModelServer.StartAsync();
        server.RespondWith(ObedientModel.Answer);
        var file = Path.Combine(Directory.CreateTempSubdirectory("conformance-").FullName, "table.md");

        await RunAsync(server.Endpoint, "vllm", "--check", "text", "--output", file);

        Assert.Contains("| text | an answer with its end | yes | yes |", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("There is no check 'telepathy'", "--provider", "vllm", "--model", "m", "--check", "telepathy")]
    [InlineData("nobody", "--provider", "nobody", "--model", "m")]
    [InlineData("--timeout must be", "--provider", "vllm", "--model", "m", "--timeout", "0")]
    [InlineData("--model", "--provider", "vllm")]
    public async Task Wrong_arguments_are_told_by_name(string expected, params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());

        var exit = await ConformanceCommand.InvokeAsync(arguments, output, error);

        Assert.Equal(ConformanceCommand.CannotRun, exit);
        Assert.Contains(expected, error.ToString(), StringComparison.Ordinal);
    }

    private static void AllHeld((int Exit, string Output, string Error) run)
    {
        Assert.True(run.Exit == ConformanceCommand.Ok, run.Output + run.Error);
        Assert.Equal(ConformanceRun.Checks.Count, run.Output.Split('\n').Count(line => line.Contains("| yes |", StringComparison.Ordinal)));
    }

    private static async Task<(int Exit, string Output, string Error)> RunAsync(string endpoint, string provider, params string[] arguments)
    {
        var settings = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            [$"Providers:{provider}:ApiKey"] = provider == "ollama" ? null : "test-key",
            [$"Providers:{provider}:Type"] = provider == "careful" ? "openai-compatible" : null,
        });
        var (output, error) = (new StringWriter(), new StringWriter());
        var exit = await ConformanceCommand.InvokeAsync(
            ["--provider", provider, "--model", ModelOf(provider), "--endpoint", endpoint, .. arguments], output, error, settings.Build());
        return (exit, output.ToString(), error.ToString());
    }

    private static string ModelOf(string provider) => provider switch
    {
        "openai" => "gpt-5-mini",
        "mistral" => "mistral-small-latest",
        "deepseek" => "deepseek-reasoner",
        "gemini" => "gemini-3-pro-preview",
        _ => "some-model",
    };

    private static ModelReply? Refusal(string provider, JsonElement request) => ProviderRules.All[provider]
        .Select(rule => (rule, words: rule.Refuses(request)))
        .Where(broken => broken.words is not null)
        .Select(broken => ModelReply.Status(
            broken.rule.Status,
            code: broken.rule.Status == 404 ? "model_not_found" : "invalid_request",
            message: JsonEncodedText.Encode(broken.words!).ToString()))
        .FirstOrDefault();

    /// <summary>What a provider puts beside an answer and wants back.</summary>
    private static ModelReply As(string provider, ModelReply reply) => provider switch
    {
        "gemini" when reply.Calls.Count > 0 => reply with
        {
            CallExtra = $$$"""{"google":{"thought_signature":"{{{ObedientModel.Signature}}}"}}""",
        },
        "deepseek" => reply with { Reasoning = "I should think." },
        _ => reply,
    };
}
