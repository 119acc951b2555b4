using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Models.Configuration;

namespace Yggdrasil.Models.Prices;

/// <summary>What model calls cost. Section <c>Prices</c>, a list, wins over the built-in <see cref="ListPrices"/>.</summary>
/// <remarks>
/// A model is found by its exact <c>provider:model</c>, case aside, then without the date of its release
/// (<c>-2025-04-14</c>, <c>-20250929</c>): first in the settings, then in the list. <c>demo:</c> is free. For any other model
/// there is no price: an Azure deployment's name says nothing of the model behind it, resellers' prices change by the day, and
/// what a model on your own machine costs is known to you. Its tokens are counted, and the run says that its cost is not.
/// </remarks>
public sealed partial class ModelPrices
{
    public const string Section = "Prices";

    private const decimal MaxPerMillion = 100_000;
    private const string FreeProvider = "demo";
    private static readonly ModelPrice Free = new(0, 0);

    private readonly Dictionary<string, ModelPrice> _configured = new(StringComparer.OrdinalIgnoreCase);

    /// <exception cref="OptionsValidationException">A price is not valid; every problem is named with its setting.</exception>
    public ModelPrices(IConfiguration configuration, IModelProviders providers)
    {
        List<string> problems = [];
        foreach (var section in configuration.GetSection(Section).GetChildren())
        {
            var shape = SettingsShape.Of(section, typeof(ConfiguredPrice));
            var price = new ConfiguredPrice();
            shape.Bind(price);
            problems.AddRange(shape.Problems);
            if (shape.Problems.Count == 0)
            {
                problems.AddRange(Add(price, providers).Select(problem => $"{SettingNames.Of(section.Path)}__{problem}"));
            }
        }

        if (problems.Count > 0)
        {
            throw new OptionsValidationException(Section, typeof(ModelPrices), problems);
        }
    }

    /// <summary>The price of a model; null when it is unknown.</summary>
    public ModelPrice? Find(ModelId model)
    {
        if (string.Equals(model.Provider, FreeProvider, StringComparison.OrdinalIgnoreCase))
        {
            return Free;
        }

        var name = model.ToString();
        var undated = ReleaseDate.Replace(name, "");
        return _configured.GetValueOrDefault(name)
            ?? _configured.GetValueOrDefault(undated)
            ?? ListPrices.All.GetValueOrDefault(name)
            ?? ListPrices.All.GetValueOrDefault(undated);
    }

    /// <summary>What a call cost, in US dollars; null when the model has no known price or the provider reported no tokens.</summary>
    public decimal? Cost(ModelId model, UsageDetails usage) => Find(model)?.Cost(usage);

    private IEnumerable<string> Add(ConfiguredPrice price, IModelProviders providers)
    {
        if (!ModelId.TryParse(price.Model, out var model))
        {
            yield return "Model must be provider:model, for example openai:gpt-4.1.";
        }
        else if (!providers.Knows(model))
        {
            yield return $"Model: there is no provider \"{model.Provider}\". Providers: {string.Join(", ", providers.ProviderNames.Order())}.";
        }
        else if (!_configured.TryAdd(model.ToString(), price.ToPrice()))
        {
            yield return $"Model: \"{model}\" is priced twice.";
        }

        foreach (var (name, value, required) in price.Values())
        {
            if (value is null ? required : value is < 0 or > MaxPerMillion)
            {
                yield return $"{name} must be US dollars per million tokens, from 0 to {MaxPerMillion}.";
            }
        }
    }

    [GeneratedRegex(@"-(?:20\d{2}-\d{2}-\d{2}|20\d{6})$", RegexOptions.CultureInvariant)]
    private static partial Regex ReleaseDate { get; }

    /// <summary>A price as configuration binds it, which needs settable properties.</summary>
    private sealed class ConfiguredPrice
    {
        public string Model { get; set; } = "";
        public decimal? InputPerMillion { get; set; }
        public decimal? OutputPerMillion { get; set; }
        public decimal? CachedInputPerMillion { get; set; }
        public decimal? CacheWritePerMillion { get; set; }

        public IEnumerable<(string Name, decimal? Value, bool Required)> Values() =>
        [
            (nameof(InputPerMillion), InputPerMillion, true),
            (nameof(OutputPerMillion), OutputPerMillion, true),
            (nameof(CachedInputPerMillion), CachedInputPerMillion, false),
            (nameof(CacheWritePerMillion), CacheWritePerMillion, false),
        ];

        public ModelPrice ToPrice() => new(InputPerMillion ?? 0, OutputPerMillion ?? 0, CachedInputPerMillion) { CacheWrite = CacheWritePerMillion };
    }
}
