using System.Reflection;
using Yggdrasil.Functions;
using Yggdrasil.Hosting;
using Yggdrasil.LocalHost.Settings;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>The functions of Yggdrasil.Functions, registered as the genuine host registers them.</summary>
internal static class Product
{
    /// <summary>The app of the checkout in which this program was built.</summary>
    public static LocalHostSetup Setup(string[] args) => Setup(args, services => services.AddOwnTools(), []) with
    {
        SettingsPath = RepositoryRoot.Find() is { } root ? Path.Combine(root, "src", "Functions", LocalSettingsFile.Name) : null,
        AzuritePath = RepositoryRoot.Find() is { } checkout ? Path.Combine(checkout, "tools", "azurite") : null,
        ApplicationName = typeof(Product).Assembly.GetName().Name,
    };

    /// <summary>An app that references the packages: what it has of its own, and the settings that its build puts beside it.</summary>
    public static LocalHostSetup Setup(string[] args, Action<IServiceCollection> configureServices, IReadOnlyCollection<Assembly> functions) => new()
    {
        Args = args,
        FunctionTypes = [.. functions.Prepend(typeof(YggdrasilWorker).Assembly).Distinct().SelectMany(assembly => assembly.GetExportedTypes())],
        ConfigureServices = (services, configuration) => configureServices(services.AddYggdrasil(configuration)),
        ConfigureWorker = worker => worker.UseYggdrasil(),
        SettingsPath = Path.Combine(AppContext.BaseDirectory, LocalSettingsFile.Name),
        DefaultSettings = Text(typeof(Product).Assembly, LocalSettingsFile.Name),
        DefaultHostJson = Text(typeof(YggdrasilWorker).Assembly, "host.json"),
        ApplicationName = Assembly.GetEntryAssembly()?.GetName().Name,
    };

    private static string Text(Assembly assembly, string resource)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
