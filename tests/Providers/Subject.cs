using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Models;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Conformance;

/// <summary>The model under test, asked through the same pipeline as the app asks it.</summary>
internal sealed class Subject : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly IModelClients _clients;

    private Subject(ServiceProvider services, ModelId model)
    {
        _services = services;
        _clients = services.GetRequiredService<IModelClients>();
        Model = model;
        Client = _clients.GetClient(model, []);
    }

    public ModelId Model { get; }

    /// <summary>Asks the model. Failures are <see cref="ProviderException"/>.</summary>
    public IChatClient Client { get; }

    /// <param name="model">The model, as an agent names it.</param>
    /// <param name="settings">The app's settings of the provider: environment variables and what the command line adds.</param>
    /// <exception cref="ConformanceException">There is no such provider, or its settings are wrong.</exception>
    public static Subject Open(ModelId model, IConfiguration settings)
    {
        var services = new ServiceCollection().AddModelProviders(settings).BuildServiceProvider();
        try
        {
            var subject = new Subject(services, model);
            return subject;
        }
        catch (Exception failure) when (failure is ArgumentException or Microsoft.Extensions.Options.OptionsValidationException)
        {
            services.Dispose();
            throw new ConformanceException(failure.Message, failure);
        }
    }

    /// <summary>Another model of the same provider.</summary>
    public IChatClient ClientOf(string model) => _clients.GetClient(new ModelId(Model.Provider, model), []);

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
