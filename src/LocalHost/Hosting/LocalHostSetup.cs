using Microsoft.Azure.Functions.Worker;
using Yggdrasil.LocalHost.Settings;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>What to host, and where its settings are.</summary>
internal sealed record LocalHostSetup
{
    public string[] Args { get; init; } = [];

    /// <summary>The types whose functions run.</summary>
    public required IReadOnlyCollection<Type> FunctionTypes { get; init; }

    public Action<IServiceCollection, IConfiguration> ConfigureServices { get; init; } = (_, _) => { };

    public Action<IFunctionsWorkerApplicationBuilder> ConfigureWorker { get; init; } = _ => { };

    /// <summary>local.settings.json; null for none.</summary>
    public string? SettingsPath { get; init; } = RepositoryRoot.Find() is { } root
        ? Path.Combine(root, "src", "Functions", "local.settings.json")
        : null;

    /// <summary>host.json; where it is missing, every default of the genuine host applies.</summary>
    public string HostJsonPath { get; init; } = Path.Combine(AppContext.BaseDirectory, "host.json");

    /// <summary>Where messages for people go.</summary>
    public TextWriter Console { get; init; } = System.Console.Out;

    /// <summary>Environment variables, by name.</summary>
    public Func<string, string?> ReadEnvironment { get; init; } = Environment.GetEnvironmentVariable;
}
