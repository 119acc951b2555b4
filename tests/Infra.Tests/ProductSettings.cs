using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Options;
using Yggdrasil.Hosting;

namespace Yggdrasil.Infra.Tests;

/// <summary>Holds settings against the product's own validation at start.</summary>
internal static class ProductSettings
{
    /// <summary>The sections of the product, as environment variables begin: <c>Tools__Http</c>.</summary>
    public static IReadOnlyList<string> Sections { get; } =
    [
        .. typeof(YggdrasilServices).Assembly.GetTypes()
            .SelectMany(type => type.GetFields().Where(field => field.IsLiteral && field.Name is "Section" or "SectionName"))
            .Select(field => ((string)field.GetRawConstantValue()!).Replace(":", "__", StringComparison.Ordinal)).Distinct(),
    ];

    /// <exception cref="OptionsValidationException">The app would not start; the message names every setting that is wrong.</exception>
    public static void Validate(IReadOnlyDictionary<string, string?> settings, string environment)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(pair => KeyValuePair.Create(pair.Key.Replace("__", ":", StringComparison.Ordinal), pair.Value))).Build();
        using var app = new ServiceCollection()
            .AddSingleton<IConfiguration>(configuration)
            .AddSingleton<IHostEnvironment>(new HostingEnvironment { EnvironmentName = environment })
            .AddLogging()
            .AddMetrics()
            .AddYggdrasil(configuration)
            .BuildServiceProvider();
        app.GetRequiredService<IStartupValidator>().Validate();
    }
}
