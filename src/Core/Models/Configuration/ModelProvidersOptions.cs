using Microsoft.Extensions.Options;

namespace Yggdrasil.Models.Configuration;

/// <summary>All providers, built in and configured, by name.</summary>
public sealed class ModelProvidersOptions
{
    public const string SectionName = "Providers";

    /// <summary>Keys compare without case; each provider's <see cref="ProviderOptions.Name"/> is lower case.</summary>
    public Dictionary<string, ProviderOptions> Providers { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What is wrong with the settings, each entry naming one in full; empty when they are valid.</summary>
    internal List<string> Problems { get; } = [];

    /// <summary>Reports every problem at once: whoever deploys should not have to find them one start at a time.</summary>
    internal sealed class Validator : IValidateOptions<ModelProvidersOptions>
    {
        public ValidateOptionsResult Validate(string? name, ModelProvidersOptions options) =>
            options.Problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(options.Problems);
    }
}
