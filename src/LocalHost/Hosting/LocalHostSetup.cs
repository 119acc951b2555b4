using Microsoft.Azure.Functions.Worker;

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
    public string? SettingsPath { get; init; }

    /// <summary>The text of local.settings.json where there is no such file; null for none.</summary>
    public string? DefaultSettings { get; init; }

    /// <summary>host.json; where it is missing, <see cref="DefaultHostJson"/> applies.</summary>
    public string HostJsonPath { get; init; } = Path.Combine(AppContext.BaseDirectory, "host.json");

    /// <summary>The text of host.json where there is no such file; null for every default of the genuine host.</summary>
    public string? DefaultHostJson { get; init; }

    /// <summary>The assembly whose user secrets apply.</summary>
    public string? ApplicationName { get; init; } = typeof(LocalHostSetup).Assembly.GetName().Name;

    /// <summary>The folder <c>tools/azurite</c> of a checkout; null for the copy that this assembly brings.</summary>
    public string? AzuritePath { get; init; }

    /// <summary>Where messages for people go.</summary>
    public TextWriter Console { get; init; } = System.Console.Out;

    /// <summary>Environment variables, by name.</summary>
    public Func<string, string?> ReadEnvironment { get; init; } = Environment.GetEnvironmentVariable;
}
