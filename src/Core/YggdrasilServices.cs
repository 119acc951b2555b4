using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yggdrasil.Agents;
using Yggdrasil.Health;
using Yggdrasil.Providers;
using Yggdrasil.Runs;
using Yggdrasil.Security;
using Yggdrasil.Security.Redaction.Logging;
using Yggdrasil.Storage;
using Yggdrasil.Tools;
using Yggdrasil.Tools.BuiltIn;

namespace Yggdrasil;

/// <summary>The one registration of the product, used by every host.</summary>
public static class YggdrasilServices
{
    public static IServiceCollection AddYggdrasil(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddLogRedaction();
        services.AddStorage(configuration);
        services.AddAuthentication(configuration);
        services.AddModelProviders(configuration);
        services.AddBuiltInTools(configuration);
        services.AddAgents();
        return services.AddRuns(configuration);
    }

    private static void AddStorage(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ProtectionOptions>().Bind(configuration.GetSection(ProtectionOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ProtectionOptions>>(new ProblemsOf<ProtectionOptions>(options => options.Problems()));
        services.AddOptions<ProtectionOptions>().Validate<IHostEnvironment>(
            (options, environment) => environment.IsDevelopment() || options.Key != ProtectionOptions.SampleKey,
            "Protection__Key is the sample's, which everybody knows: generate one (openssl rand -base64 32).");
        services.TryAddSingleton(provider => new StorageClients(provider.GetRequiredService<IConfiguration>()));
        services.AddSingleton<ContentProtector>();
        services.AddSingleton<ContentVault>();
        services.AddSingleton<Readiness>();
    }

    private static void AddAuthentication(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<AuthOptions>().Bind(configuration.GetSection(AuthOptions.Section));
        services.AddSingleton<IAuthentication, DevelopmentAuthentication>();
    }

    private static void AddAgents(this IServiceCollection services)
    {
        services.AddSingleton<AgentValidator>();
        services.AddSingleton<ConfiguredAgents>();
        services.AddSingleton<AgentStore>();
        services.AddSingleton(provider => new AgentService(
            provider.GetRequiredService<AgentStore>(),
            provider.GetRequiredService<ConfiguredAgents>(),
            provider.GetRequiredService<AgentValidator>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddHostedService<ValidAtStart>();
    }

    private static IServiceCollection AddRuns(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<RunOptions>().Bind(configuration.GetSection(RunOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RunOptions>>(new ProblemsOf<RunOptions>(options => options.Problems()));
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<RunOptions>>().Value);
        services.AddSingleton<ToolArguments>();
        services.AddSingleton<ToolGates>();
        services.AddSingleton<ToolExecutor>();
        services.AddSingleton<ToolStep>();
        services.AddSingleton<ModelStep>();
        services.AddSingleton<AgentLoop>();
        services.AddSingleton<RunStore>();
        services.AddSingleton<RequestDrivenRuns>();
        services.AddHostedService(provider => provider.GetRequiredService<RequestDrivenRuns>());
        services.AddSingleton(provider => new RunDriver(
            provider.GetRequiredService<RunStore>(),
            provider.GetRequiredService<AgentLoop>(),
            provider.GetRequiredService<ToolStep>(),
            provider.GetRequiredService<RunOptions>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<RunDriver>>()));
        return services.AddSingleton(provider => new RunService(
            provider.GetRequiredService<AgentService>(),
            provider.GetRequiredService<RunStore>(),
            provider.GetRequiredService<RequestDrivenRuns>(),
            provider.GetRequiredService<RunOptions>(),
            provider.GetRequiredService<TimeProvider>()));
    }

    /// <summary>Fails the start, not the first request, when what was constructed for it is not valid.</summary>
    private sealed class ValidAtStart(ConfiguredAgents agents, IAuthentication authentication) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.FromResult((agents, authentication));

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class ProblemsOf<T>(Func<T, IEnumerable<string>> problems) : IValidateOptions<T>
        where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options) =>
            problems(options).ToList() is { Count: > 0 } found ? ValidateOptionsResult.Fail(found) : ValidateOptionsResult.Success;
    }
}
