using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Yggdrasil.Fixtures;
using Yggdrasil.Hosting;
using Yggdrasil.Operations.Health;
using Yggdrasil.Operations.Health.Probes;
using Yggdrasil.Protection.Secrets;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Security;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Health;

/// <summary>Each dependency is broken in turn, and nothing else fails for it.</summary>
[Collection(SharedAzurite.Name)]
public sealed class HealthMonitorTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private static readonly string[] Expected =
        ["cache", "orchestration", "provider:openai", "queues", "secrets", "storage"];

    private ScriptedModelServer _model = null!;

    public async Task InitializeAsync() => _model = await ScriptedModelServer.StartAsync();

    public async Task DisposeAsync() => await _model.DisposeAsync();

    [Fact]
    public async Task Everything_that_is_used_is_looked_at_and_no_model_is_asked()
    {
        await using var app = App();

        var report = await app.GetRequiredService<HealthMonitor>().RunAsync(new Canary(), CancellationToken.None);

        Assert.Equal(Expected, report.Checks.Select(check => check.Name).Order(StringComparer.Ordinal));
        Assert.All(report.Checks, check => Assert.Equal((check.Name, HealthStatus.Healthy), (check.Name, check.Status)));
        Assert.Empty(_model.Requests);
    }

    [Theory]
    [InlineData("storage", HealthStatus.Unhealthy)]
    [InlineData("queues", HealthStatus.Unhealthy)]
    [InlineData("secrets", HealthStatus.Unhealthy)]
    [InlineData("orchestration", HealthStatus.Unhealthy)]
    [InlineData("provider:openai", HealthStatus.Degraded)]
    [InlineData("cache", HealthStatus.Degraded)]
    public async Task Broken_dependency_is_found_and_named_alone(string broken, HealthStatus status)
    {
        await using var app = App(broken);

        var report = await app.GetRequiredService<HealthMonitor>().RunAsync(new Canary(broken == "orchestration"), CancellationToken.None);

        Assert.Equal([(broken, status)], report.Checks.Where(check => check.Status != HealthStatus.Healthy).Select(check => (check.Name, check.Status)));
        Assert.Equal(status, report.Status);
        Assert.Equal(status, (await app.GetRequiredService<HealthService>().GetAsync(CancellationToken.None)).Status);
    }

    [Fact]
    public async Task Other_instance_learns_of_a_report_from_the_history()
    {
        await using var one = App();
        await using var two = App();
        var report = await one.GetRequiredService<HealthMonitor>().RunAsync(new Canary(), CancellationToken.None);

        var known = await two.GetRequiredService<HealthService>().GetAsync(CancellationToken.None);

        Assert.Equal(report.Checks.Count, known.Checks.Count);
        Assert.True(known.CheckedAt >= report.CheckedAt);
    }

    private ServiceProvider App(string? broken = null)
    {
        var connection = broken == "queues"
            ? string.Join(';', azurite.ConnectionString.Split(';').Select(part => part.StartsWith("QueueEndpoint=", StringComparison.Ordinal)
                ? $"QueueEndpoint=http://127.0.0.1:{LoopbackPorts.Unused()}/devstoreaccount1" : part))
            : azurite.ConnectionString;
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            [StorageClients.Setting] = connection,
            ["Protection:Key"] = TestKeys.New(),
            ["Providers:openai:ApiKey"] = "sk-test",
            ["Providers:openai:Endpoint"] = broken == "provider:openai" ? $"http://127.0.0.1:{LoopbackPorts.Unused()}" : _model.Endpoint,
        }).Build();
        var tables = new TableClientOptions();
        tables.AddPolicy(new Fault(path => (broken == "storage" && path.Contains("/Work(", StringComparison.Ordinal))
            || (broken == "cache" && path.Contains("/Cache(", StringComparison.Ordinal))), HttpPipelinePosition.PerRetry);
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddSingleton(new StorageClients(configuration, tables));
        services.AddYggdrasil(configuration);
        if (broken == "secrets")
        {
            services.Replace(ServiceDescriptor.Singleton<ISecrets>(new LoadingSecrets(configuration)));
        }

        return services.BuildServiceProvider();
    }

    private sealed class Fault(Func<string, bool> hits) : HttpPipelineSynchronousPolicy
    {
        public override void OnSendingRequest(HttpMessage message)
        {
            if (hits(message.Request.Uri.Path))
            {
                throw new IOException("Storage is away.");
            }
        }
    }

    private sealed class Canary(bool fails = false) : IOrchestrationCanary
    {
        public Task RunAsync(CancellationToken cancellationToken) =>
            fails ? Task.FromException(new InvalidOperationException("It fell.")) : Task.CompletedTask;
    }

    /// <summary>A vault that has not answered yet.</summary>
    private sealed class LoadingSecrets(IConfiguration configuration) : ISecrets
    {
        private readonly SettingSecrets _settings = new(configuration);

        public SecretsState State => SecretsState.Loading;

        public string? Find(SecretName name) => _settings.Find(name);

        public IReadOnlyList<SecretVersion> GetVersions(SecretName name) => [];

        public ValueTask RefreshNowAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
