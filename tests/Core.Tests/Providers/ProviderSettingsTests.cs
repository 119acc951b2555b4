using Microsoft.Extensions.Options;
using Yggdrasil.Models;
using Yggdrasil.Models.Configuration;

namespace Yggdrasil.Tests.Providers;

public sealed class ProviderSettingsTests
{
    [Fact]
    public async Task Without_settings_all_built_in_providers_are_known_and_no_others()
    {
        await using var providers = TestProviders.With();

        Assert.Equal(
            [
                "anthropic", "azure", "bedrock", "cohere", "deepseek", "demo", "fireworks", "gemini", "groq", "llamacpp", "lmstudio", "mistral",
                "ollama", "openai", "openrouter", "perplexity", "together", "vllm", "xai",
            ],
            providers.Clients.ProviderNames);
        Assert.True(providers.Clients.Knows(new ModelId("OpenAI", "gpt")));
        Assert.False(providers.Clients.Knows(new ModelId("acme", "gpt")));
    }

    [Fact]
    public async Task Defaults_are_those_of_the_contract()
    {
        await using var providers = TestProviders.With();

        var openai = providers.Get<IOptions<ModelProvidersOptions>>().Value.Providers["openai"];

        Assert.Equal(
            (600, 20, 2, 5, 30),
            (openai.TimeoutSeconds, openai.MaxConcurrency, openai.RetryAttempts, openai.BreakerFailures, openai.BreakerSeconds));
        Assert.Equal(
            (600, 3600, 10, 1000, 21, 300, 30),
            (openai.FirstTokenSeconds, openai.StreamSeconds, openai.ConnectSeconds, openai.MaxQueue, openai.MaxConnections,
                openai.ConnectionLifetimeSeconds, openai.KeepAliveSeconds));
        Assert.Equal("https://api.openai.com/v1", openai.Endpoint?.ToString());
    }

    [Fact]
    public async Task Settings_replace_the_defaults()
    {
        await using var providers = TestProviders.With(
            "Providers__Corp__Type=openai-compatible",
            "Providers__Corp__Endpoint=http://models.example/v1",
            "Providers__Corp__TimeoutSeconds=7",
            "Providers__Corp__MaxConcurrency=3",
            "Providers__Corp__RetryAttempts=0",
            "Providers__Corp__BreakerFailures=9",
            "Providers__Corp__BreakerSeconds=11");

        var corp = providers.Get<IOptions<ModelProvidersOptions>>().Value.Providers["corp"];

        Assert.Equal(("corp", ProviderType.OpenAICompatible), (corp.Name, corp.Type));
        Assert.Equal("http://models.example/v1", corp.Endpoint?.ToString());
        Assert.Equal(
            (7, 3, 0, 9, 11),
            (corp.TimeoutSeconds, corp.MaxConcurrency, corp.RetryAttempts, corp.BreakerFailures, corp.BreakerSeconds));
        // Those that follow others.
        Assert.Equal((7, 4), (corp.FirstTokenSeconds, corp.MaxConnections));
        Assert.Contains("corp", providers.Clients.ProviderNames);
    }

    [Theory]
    [InlineData("Providers__openai__TimeoutSeconds=0", "Providers__openai__TimeoutSeconds must be a whole number from 1 to 3600.")]
    [InlineData("Providers__openai__TimeoutSeconds=soon", "Providers__openai__TimeoutSeconds must be a whole number from 1 to 3600.")]
    [InlineData("Providers__openai__TimeoutSeconds=1.5", "Providers__openai__TimeoutSeconds must be a whole number from 1 to 3600.")]
    [InlineData("Providers__groq__RetryAttempts=-1", "Providers__groq__RetryAttempts must be a whole number from 0 to 10.")]
    [InlineData("Providers__groq__MaxConcurrency=10001", "Providers__groq__MaxConcurrency must be a whole number from 1 to 10000.")]
    [InlineData("Providers__groq__BreakerFailures=1", "Providers__groq__BreakerFailures must be a whole number from 2 to 1000.")]
    [InlineData("Providers__groq__BreakerSeconds=99999999999", "Providers__groq__BreakerSeconds must be a whole number from 1 to 3600.")]
    [InlineData("Providers__groq__FirstTokenSeconds=601", "Providers__groq__FirstTokenSeconds must be a whole number from 1 to 600 (TimeoutSeconds).")]
    [InlineData("Providers__groq__Profile__StructuredOutput=yes", "Providers__groq__Profile__StructuredOutput must be one of words, json_object, json_schema.")]
    [InlineData("Providers__groq__Profile__RefusedFields=messages", "Providers__groq__Profile__RefusedFields must be none or a list, separated by commas, of temperature, stream_options, tool_choice.")]
    [InlineData("Providers__groq__Profile__RefusedOrders=user_last", "Providers__groq__Profile__RefusedOrders must be none or a list, separated by commas, of user_after_tool, ")]
    [InlineData("Providers__groq__Profile__ContextTokens=1", "Providers__groq__Profile__ContextTokens must be a whole number from 512 to 2000000.")]
    [InlineData("Providers__groq__Profile__Lke=mistral", "Providers__groq__Profile__Lke is no setting: did you mean Providers__groq__Profile__Like?")]
    [InlineData("Providers__groq__MaxConnections=19", "Providers__groq__MaxConnections must be a whole number from 20 (MaxConcurrency) to 20000.")]
    [InlineData("Providers__groq__MaxQueue=-1", "Providers__groq__MaxQueue must be a whole number from 0 to 100000.")]
    [InlineData("Providers__groq__StreamSeconds=0", "Providers__groq__StreamSeconds must be a whole number from 1 to 3600.")]
    [InlineData("Providers__groq__ConnectSeconds=61", "Providers__groq__ConnectSeconds must be a whole number from 1 to 60.")]
    [InlineData("Providers__groq__ConnectionLifetimeSeconds=9", "Providers__groq__ConnectionLifetimeSeconds must be a whole number from 10 to 86400.")]
    [InlineData("Providers__groq__KeepAliveSeconds=0", "Providers__groq__KeepAliveSeconds must be a whole number from 1 to 3600.")]
    [InlineData("Providers__vllm__Endpoint=localhost:8000", "Providers__vllm__Endpoint must be an absolute http or https address")]
    [InlineData("Providers__vllm__Endpoint=http://user:pw@host/v1", "Providers__vllm__Endpoint must be an absolute http or https address")]
    [InlineData("Providers__azure__Endpoint=http://host", "Providers__azure__Endpoint must be an https address where no ApiKey is set")]
    [InlineData("Providers__openai__Type=anthropic", "Providers__openai__Type is unknown or contradicts the built-in provider")]
    [InlineData("Providers__acme__Endpoint=http://host/v1", "Providers__acme__Type is missing: it must be one of openai-compatible, ")]
    [InlineData("Providers__acme__Type=telepathy", "Providers__acme__Type is unknown")]
    [InlineData("Providers__acme__Type=openai-compatible", "Providers__acme__Endpoint is missing")]
    [InlineData("Providers__openai__ApiKye=sk-1", "Providers__openai__ApiKye is no setting: did you mean Providers__openai__ApiKey?")]
    [InlineData("Providers__openai__Colour=red", "Providers__openai__Colour is no setting: it may have ApiKey, BreakerFailures, ")]
    [InlineData("Providers__opneai__ApiKey=sk-1", "Providers__opneai is no built-in provider (did you mean Providers__openai?)")]
    [InlineData("Providers__a.b__Type=openai-compatible", "Providers__a.b is no provider name")]
    public async Task Wrong_setting_is_named_in_full_with_what_it_should_be(string setting, string message)
    {
        await using var providers = TestProviders.With(setting);

        var thrown = Assert.Throws<OptionsValidationException>(() => providers.Get<IStartupValidator>().Validate());

        Assert.StartsWith(message, Assert.Single(thrown.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_problems_are_reported_at_once_and_no_key_is_shown()
    {
        await using var providers = TestProviders.With(
            "Providers__openai__ApiKey=sk secret with spaces",
            "Providers__openai__TimeoutSeconds=0",
            "Providers__acme__Endpoint=nowhere");

        var thrown = Assert.Throws<OptionsValidationException>(() => providers.Get<IStartupValidator>().Validate());

        Assert.Equal(3, thrown.Failures.Count());
        Assert.Contains("Providers__openai__ApiKey must be visible ASCII", thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_provider_has_no_client()
    {
        await using var providers = TestProviders.With();

        var thrown = Assert.Throws<ArgumentException>(() => providers.Client("acme:m"));

        Assert.Contains("Unknown provider 'acme'", thrown.Message, StringComparison.Ordinal);
    }
}
