namespace Yggdrasil.Models.Configuration;

/// <summary>A provider that is known without configuration.</summary>
/// <param name="Name">The part before the colon of a model id.</param>
/// <param name="Type">Its wire format.</param>
/// <param name="Endpoint">Its public address, or the default one of a local server; Azure's and a Bedrock gateway's are the customer's own.</param>
/// <param name="RequiresApiKey">Local servers take none; Azure may use an identity instead.</param>
internal sealed record BuiltInProvider(string Name, ProviderType Type, string? Endpoint, bool RequiresApiKey)
{
    private const string GeminiEndpoint = "https://generativelanguage.googleapis.com/v1beta/openai";

    public static IReadOnlyList<BuiltInProvider> All { get; } =
    [
        new("openai", ProviderType.OpenAI, "https://api.openai.com/v1", RequiresApiKey: true),
        new("azure", ProviderType.Azure, Endpoint: null, RequiresApiKey: false),
        new("anthropic", ProviderType.Anthropic, "https://api.anthropic.com", RequiresApiKey: true),
        new("gemini", ProviderType.OpenAICompatible, GeminiEndpoint, RequiresApiKey: true),
        new("openrouter", ProviderType.OpenAICompatible, "https://openrouter.ai/api/v1", RequiresApiKey: true),
        new("groq", ProviderType.OpenAICompatible, "https://api.groq.com/openai/v1", RequiresApiKey: true),
        new("mistral", ProviderType.OpenAICompatible, "https://api.mistral.ai/v1", RequiresApiKey: true),
        new("deepseek", ProviderType.OpenAICompatible, "https://api.deepseek.com/v1", RequiresApiKey: true),
        new("together", ProviderType.OpenAICompatible, "https://api.together.xyz/v1", RequiresApiKey: true),
        new("fireworks", ProviderType.OpenAICompatible, "https://api.fireworks.ai/inference/v1", RequiresApiKey: true),
        new("xai", ProviderType.OpenAICompatible, "https://api.x.ai/v1", RequiresApiKey: true),
        new("cohere", ProviderType.OpenAICompatible, "https://api.cohere.ai/compatibility/v1", RequiresApiKey: true),
        new("perplexity", ProviderType.OpenAICompatible, "https://api.perplexity.ai", RequiresApiKey: true),
        new("bedrock", ProviderType.OpenAICompatible, Endpoint: null, RequiresApiKey: false),
        new("ollama", ProviderType.Ollama, "http://localhost:11434", RequiresApiKey: false),
        new("lmstudio", ProviderType.OpenAICompatible, "http://localhost:1234/v1", RequiresApiKey: false),
        new("vllm", ProviderType.OpenAICompatible, "http://localhost:8000/v1", RequiresApiKey: false),
        new("llamacpp", ProviderType.OpenAICompatible, "http://localhost:8080/v1", RequiresApiKey: false),
        new("demo", ProviderType.Demo, Endpoint: null, RequiresApiKey: false),
    ];
}
