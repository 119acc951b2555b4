using Microsoft.Extensions.Configuration;
using Yggdrasil.Models;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Prices;

namespace Yggdrasil.Tests.Limits;

internal static class TestPrices
{
    /// <summary>Prices as settings give them.</summary>
    public static ModelPrices Of(params (string Model, decimal Input, decimal Output)[] prices) => Of(prices
        .SelectMany((price, index) => new[]
        {
            ($"Prices:{index}:Model", price.Model),
            ($"Prices:{index}:InputPerMillion", FormattableString.Invariant($"{price.Input}")),
            ($"Prices:{index}:OutputPerMillion", FormattableString.Invariant($"{price.Output}")),
        }).ToArray());

    public static ModelPrices Of(params (string Name, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.ToDictionary(setting => setting.Name, setting => (string?)setting.Value)).Build();
        return new ModelPrices(configuration, new AnyProvider());
    }

    private sealed class AnyProvider : IModelProviders
    {
        public IReadOnlyCollection<string> ProviderNames => ["openai", "azure", "scripted"];

        public bool Knows(ModelId id) => ProviderNames.Contains(id.Provider.ToLowerInvariant());
    }
}
