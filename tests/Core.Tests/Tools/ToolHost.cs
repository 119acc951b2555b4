using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Identity;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Tools;

/// <summary>A container with tools in it, and calls to them as the executor makes them.</summary>
internal sealed class ToolHost : IDisposable
{
    private readonly ServiceProvider _provider;

    public ToolHost(Action<IServiceCollection> configure)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(TimeProvider.System);
        configure(services);
        _provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true, ValidateOnBuild = true });
    }

    public static ToolContext Context { get; } = new()
    {
        RunId = "run_1",
        CallId = "t3c0",
        Caller = new Caller(new Owner("tenant", "user"), new HashSet<string>()),
        Deadline = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero),
    };

    public ToolCatalog Catalog => _provider.GetRequiredService<ToolCatalog>();

    public T Get<T>()
        where T : notnull => _provider.GetRequiredService<T>();

    public AgentTool Tool(string name) =>
        Catalog.TryGet(name, out var tool) ? tool : throw new InvalidOperationException($"No tool '{name}'.");

    /// <summary>Validates and calls, as the gates do; what does not fit the schema fails the test.</summary>
    public async Task<string> CallAsync(string name, string arguments, CancellationToken cancellationToken = default)
    {
        var tool = Tool(name);
        var parsed = JsonSerializer.Deserialize<Dictionary<string, object?>>(arguments);
        var validation = _provider.GetRequiredService<ToolArguments>().Validate(tool, parsed);
        Assert.Empty(validation.Errors);
        await using var scope = _provider.CreateAsyncScope();
        return await tool.InvokeAsync(validation.Arguments, Context, scope.ServiceProvider, cancellationToken);
    }

    public void Dispose() => _provider.Dispose();
}
