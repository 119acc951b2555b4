namespace Yggdrasil.Protection.Secrets;

/// <summary>A secret that the app needs, and the two sources that may hold it.</summary>
/// <param name="Setting">The setting, as an environment variable: <c>Providers__openai__ApiKey</c>.</param>
/// <param name="Secret">The Key Vault secret: <c>providers-openai-apikey</c>.</param>
public sealed record SecretName(string Setting, string Secret)
{
    /// <summary>The master key of content protection. Its enabled versions are all in use at once.</summary>
    public static SecretName ContentProtectionKey { get; } = new("Protection__Key", "content-protection-key");

    /// <summary>The setting as <c>IConfiguration</c> names it.</summary>
    internal string ConfigurationKey => Setting.Replace("__", ":", StringComparison.Ordinal);

    /// <summary>The API key of a provider. Names of secrets know no underscore: <c>my_models</c> is <c>my-models</c> there.</summary>
    public static SecretName ApiKey(string provider) =>
        new($"Providers__{provider}__ApiKey", $"providers-{provider.ToLowerInvariant().Replace('_', '-')}-apikey");

    /// <summary>A secret of an MCP server. Environment variables know no hyphen: <c>files-token</c> is <c>Mcp__Secrets__files_token</c> there.</summary>
    public static SecretName OfMcp(string secret) => new($"Mcp__Secrets__{secret.Replace('-', '_')}", secret);
}
