using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.LocalHost.Durable;
using Yggdrasil.LocalHost.Engine;
using Yggdrasil.LocalHost.Http;
using Yggdrasil.LocalHost.Queues;
using Yggdrasil.LocalHost.Settings;
using Yggdrasil.LocalHost.Timers;
using Yggdrasil.Operations.Health;

namespace Yggdrasil.LocalHost.Hosting;

internal static class LocalHostServices
{
    /// <summary>
    /// Request bodies in bytes: Kestrel's default, stated because batches of 25 MB have to fit. The genuine host takes
    /// 100 MB.
    /// </summary>
    private const long MaxRequestBodySize = 30_000_000;

    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Everything the host runs. Services start in this order, Kestrel last, and stop in the opposite one.</summary>
    public static void AddLocalHost(
        this WebApplicationBuilder builder,
        LocalHostSetup setup,
        IReadOnlyList<Function> functions,
        HostJson hostJson,
        DataFolder data)
    {
        var services = builder.Services;
        services.AddSingleton(functions);
        services.AddSingleton(hostJson);
        services.AddWorkerJson();
        services.AddMvcCore();
        services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownTimeout);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxRequestBodySize;
        });
        services.AddPipeline(setup);
        services.AddSettings<LocalHostOptions>(builder.Configuration, LocalHostOptions.Section, options => options.Problems());
        services.AddSettingsCheck(() => Addresses.Problems(builder.Configuration));
        services.AddEngine(data);
        services.AddSingleton<IReadinessCheck>(provider => new DiskReadiness(data, provider.GetRequiredService<OrchestrationEngine>()));
        services.AddHostedService<QueueListeners>();
        services.AddHostedService<TimerListeners>();
        services.AddSingleton(data);
        services.AddHostedService<StorageNeighbours>();
        services.AddSingleton<HttpFunctionHandler>();
        services.AddSingleton<MatcherPolicy, FunctionVerbPolicy>();
        setup.ConfigureServices(services, builder.Configuration);
        services.TryAddSingleton(TimeProvider.System);
    }

    /// <summary>One line a message, warnings only from below, and nothing about single requests.</summary>
    public static void AddLocalHostConsole(this ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
            console.ColorBehavior = LoggerColorBehavior.Default;
        });
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
        logging.AddFilter("Azure", LogLevel.Warning);
    }

    private static void AddPipeline(this IServiceCollection services, LocalHostSetup setup)
    {
        var worker = new WorkerApplicationBuilder(services);
        setup.ConfigureWorker(worker);
        services.AddSingleton(worker.Build());
        services.AddSingleton<FunctionInvoker>();
    }

    private static void AddEngine(this IServiceCollection services, DataFolder data)
    {
        services.AddSingleton<IOrchestrationCode, OrchestrationFunctions>();
        services.AddSingleton(provider => new OrchestrationEngineOptions
        {
            DatabasePath = data.OrchestrationsPath,
            ShutdownTimeout = ShutdownTimeout,
            Chaos = provider.GetRequiredService<IOptions<LocalHostOptions>>().Value.Chaos,
        });
        services.AddSingleton<OrchestrationEngine>();
        services.AddHostedService(provider => provider.GetRequiredService<OrchestrationEngine>());
        services.AddSingleton<DurableTaskClient>(provider => provider.GetRequiredService<OrchestrationEngine>().Client);
    }
}
