using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Models;
using Yggdrasil.Models.Clients;

namespace Yggdrasil.Tests.Providers;

/// <summary>Model clients as an application registers them, from settings written as environment variables.</summary>
internal sealed class TestProviders : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private TestProviders(ServiceProvider services) => _services = services;

    public IModelClients Clients => _services.GetRequiredService<IModelClients>();

    /// <param name="settings">Each <c>Providers__name__Setting=value</c>.</param>
    public static TestProviders With(params string[] settings) => With(_ => { }, settings);

    public static TestProviders With(Action<IServiceCollection> register, params string[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings
            .Select(setting => setting.Split('=', 2))
            .Select(parts => KeyValuePair.Create(parts[0].Replace("__", ":", StringComparison.Ordinal), (string?)parts[1])));
        var services = new ServiceCollection();
        register(services);
        return new TestProviders(services.AddModelProviders(configuration.Build()).BuildServiceProvider());
    }

    public IChatClient Client(string model, params string[] fallbacks) =>
        Clients.GetClient(Parse(model), [.. fallbacks.Select(Parse)]);

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    private static ModelId Parse(string text) =>
        ModelId.TryParse(text, out var id) ? id : throw new ArgumentException($"'{text}' is no model id.", nameof(text));
}
