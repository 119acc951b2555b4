using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Options;
using Yggdrasil.LocalHost.Azurite;
using Yggdrasil.LocalHost.Http;
using Yggdrasil.LocalHost.Settings;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>
/// The host: settings → data folder → services → Azurite → functions, stopped in the opposite order.
/// </summary>
internal sealed class LocalHostApplication : IAsyncDisposable
{
    private const string StorageSetting = "AzureWebJobsStorage";
    private const string DataPathSetting = $"{LocalHostOptions.Section}:{nameof(LocalHostOptions.DataPath)}";
    private const string AzuritePathSetting = $"{LocalHostOptions.Section}:{nameof(LocalHostOptions.AzuritePath)}";
    private const string OwnStorage = "UseDevelopmentStorage=true";
    private const string DefaultUrl = "http://localhost:7071";

    private readonly WebApplication _app;
    private readonly DataFolder _data;
    private readonly AzuriteProcess? _azurite;
    private readonly TextWriter _console;
    private bool _running;

    private LocalHostApplication(WebApplication app, DataFolder data, AzuriteProcess? azurite, TextWriter console)
    {
        _app = app;
        _data = data;
        _azurite = azurite;
        _console = console;
    }

    public IServiceProvider Services => _app.Services;

    /// <summary>Where it listens; valid once started.</summary>
    public ICollection<string> Urls => _app.Urls;

    /// <exception cref="LocalHostException">Something has to be put right first; the message says what.</exception>
    public static async Task<LocalHostApplication> CreateAsync(
        LocalHostSetup setup, CancellationToken cancellationToken = default)
    {
        var builder = CreateBuilder(setup);
        var functions = FunctionDiscovery.Discover(setup.FunctionTypes);
        var hostJson = HostJson.Read(setup.HostJsonPath, setup.DefaultHostJson);
        var data = DataFolder.Open(builder.Configuration[DataPathSetting] is { Length: > 0 } path ? path : DataFolder.DefaultName);
        WebApplication? app = null;
        try
        {
            builder.AddLocalHost(setup, functions, hostJson, data);
            app = builder.Build();
            app.MapFunctions(functions, hostJson.Extensions.Http.RoutePrefix);

            // Before Azurite, whose first start takes a minute: nobody should wait that long to hear of a typing error.
            app.Services.GetService<IStartupValidator>()?.Validate();
            var azurite = await StartAzuriteAsync(app.Configuration, setup, data, cancellationToken);
            return new LocalHostApplication(app, data, azurite, setup.Console);
        }
        catch
        {
            if (app is not null)
            {
                await app.DisposeAsync();
            }

            data.Dispose();
            throw;
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        LoopbackOnly.RequireConfigured(_app.Services);
        _running = true;
        await _app.StartAsync(cancellationToken);
        LoopbackOnly.Require(_app.Services, _app.Urls);
        StartupBanner.Write(
            _console,
            _app.Services.GetRequiredService<IReadOnlyList<Function>>(),
            _app.Services.GetRequiredService<HostJson>().Extensions.Http.RoutePrefix,
            [.. _app.Urls],
            _data.FullPath,
            _app.Configuration.GetSection("Agents").GetChildren().FirstOrDefault()?["Id"]);
    }

    /// <summary>Starts, and completes when Ctrl-C, SIGTERM or <paramref name="cancellationToken"/> has stopped it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        await StartAsync(cancellationToken);
        await _app.WaitForShutdownAsync(cancellationToken);
        _running = false;
    }

    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        await _app.StopAsync(cancellationToken);
        _running = false;
    }

    public async ValueTask DisposeAsync()
    {
        if (_running)
        {
            // Disposing alone would take the services away from functions that still run.
            await _app.StopAsync();
        }

        await _app.DisposeAsync();
        if (_azurite is not null)
        {
            await _azurite.DisposeAsync();
        }

        _data.Dispose();
    }

    private static WebApplicationBuilder CreateBuilder(LocalHostSetup setup)
    {
        var environment = LocalEnvironment.Require(setup.ReadEnvironment);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            // A file watcher for each host of a test run would use up the system's share of them.
            Args = ["--hostBuilder:reloadConfigOnChange=false", .. setup.Args],
            EnvironmentName = environment,
            ApplicationName = setup.ApplicationName,
            ContentRootPath = AppContext.BaseDirectory,
        });

        // Below environment variables and the command line, above appsettings.json: as Core Tools has it.
        var sources = builder.Configuration.Sources;
        var firstOverride = sources.IndexOf(sources.OfType<EnvironmentVariablesConfigurationSource>().Last());
        var settings = LocalSettingsFile.Read(setup.SettingsPath, SectionsGiven(builder.Configuration), setup.DefaultSettings);
        sources.Insert(firstOverride, new MemoryConfigurationSource { InitialData = settings });

        // Whoever reaches this host is the developer: in development mode it listens on loopback only.
        sources.Insert(0, new MemoryConfigurationSource { InitialData = new Dictionary<string, string?> { ["Auth:AnonymousUser"] = "local" } });
        if (string.IsNullOrEmpty(builder.Configuration[StorageSetting]))
        {
            builder.Configuration[StorageSetting] = OwnStorage;
        }

        if (string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.ServerUrlsKey]))
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }

        builder.Logging.AddLocalHostConsole();
        return builder;
    }

    /// <summary>What the settings file must not add to: another list of agents, and another mode of authentication.</summary>
    private static List<string> SectionsGiven(ConfigurationManager configuration) =>
    [
        .. configuration.GetSection("Agents").GetChildren().Any() ? ["Agents"] : Array.Empty<string>(),
        .. string.IsNullOrEmpty(configuration["Auth:Authority"]) ? Array.Empty<string>() : ["Auth"],
    ];

    private static async Task<AzuriteProcess?> StartAzuriteAsync(
        IConfiguration configuration, LocalHostSetup setup, DataFolder data, CancellationToken cancellationToken)
    {
        if (configuration[StorageSetting] != OwnStorage)
        {
            return null;
        }

        using var loggers = LoggerFactory.Create(logging => logging.AddLocalHostConsole());
        var installation = configuration[AzuritePathSetting] is { Length: > 0 } own ? own : setup.AzuritePath ?? EmbeddedAzurite.Extract();
        var azurite = await AzuriteProcess.StartAsync(
            data.AzuritePath, installation, loggers.CreateLogger<AzuriteProcess>(), cancellationToken);
        configuration[StorageSetting] = azurite.ConnectionString;
        return azurite;
    }
}
