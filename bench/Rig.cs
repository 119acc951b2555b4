using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Yggdrasil.Hosting;
using Yggdrasil.LocalHost.Azurite;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Benchmarks;

/// <summary>The product's services over an Azurite of their own, as both hosts register them.</summary>
internal sealed class Rig : IAsyncDisposable
{
    private readonly string _data;
    private readonly AzuriteProcess _azurite;
    private readonly IHost _host;

    private Rig(string data, AzuriteProcess azurite, IHost host) => (_data, _azurite, _host) = (data, azurite, host);

    public IServiceProvider Services => _host.Services;

    /// <param name="settings">Beside those that every benchmark needs.</param>
    public static async Task<Rig> StartAsync(IReadOnlyDictionary<string, string?>? settings = null)
    {
        var data = Directory.CreateTempSubdirectory("yggdrasil-bench-").FullName;
        var azurite = await AzuriteProcess.StartAsync(data, Path.Combine(Checkout(), "tools", "azurite"));
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = Environments.Development });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = azurite.ConnectionString,
            ["Protection:Key"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["Auth:Mode"] = "Development",
        });
        builder.Configuration.AddInMemoryCollection(settings ?? new Dictionary<string, string?>());
        builder.Services.AddYggdrasil(builder.Configuration);
        builder.Services.AddSingleton<IRunScheduler, NoScheduler>();
        var host = builder.Build();
        await host.StartAsync();
        return new Rig(data, azurite, host);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        await _azurite.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    private static string Checkout()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("Benchmarks run within a checkout.");
        }

        return folder.FullName;
    }
}
