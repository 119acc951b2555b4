namespace Yggdrasil.Models.Configuration;

/// <summary>Which wire format and package a provider needs.</summary>
public enum ProviderType
{
    OpenAI,

    /// <summary>Azure OpenAI by its v1 API: the model is the deployment's name.</summary>
    Azure,

    Anthropic,

    Ollama,

    /// <summary>Anything else that speaks OpenAI's chat completions.</summary>
    OpenAICompatible,

    /// <summary>Scripted, in the box, without network.</summary>
    Demo,

    /// <summary>A chat client of the application's own; see <see cref="Custom.ModelExtensions.AddModelProvider"/>.</summary>
    Custom,
}
