using Yggdrasil.Functions;
using Yggdrasil.Hosting;
using Yggdrasil.LocalHost.Settings;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>The function classes of src/Functions, registered as the genuine host registers them.</summary>
internal static class Product
{
    public static LocalHostSetup Setup(string[] args) => new()
    {
        Args = args,
        FunctionTypes = typeof(YggdrasilWorker).Assembly.GetExportedTypes(),
        ConfigureServices = (services, configuration) => services.AddYggdrasil(configuration).AddOwnTools(),
        ConfigureWorker = worker => worker.UseYggdrasil(),
        SettingsPath = RepositoryRoot.Find() is { } root ? SettingsOf(root) : null,
    };

    /// <summary>The developer's own settings, or the sample, so that a clean clone runs.</summary>
    private static string SettingsOf(string root)
    {
        var own = Path.Combine(root, "src", "Functions", "local.settings.json");
        return File.Exists(own) ? own : Path.Combine(root, "local.settings.sample.json");
    }
}
