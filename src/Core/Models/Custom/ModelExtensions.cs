using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Models.Configuration;

namespace Yggdrasil.Models.Custom;

/// <summary>What an application adds to the models: providers of its own, and middleware around every model call.</summary>
public static class ModelExtensions
{
    /// <summary>Adds a provider that is no server of a known wire format: any <see cref="IChatClient"/>.</summary>
    /// <remarks>
    /// <para>Retries, breaker, concurrency, fallbacks, prices, redaction and traces hold for it as for every provider, and so do the
    /// settings <c>Providers__name__…</c> other than <c>Type</c> and <c>Endpoint</c>.</para>
    /// <para>Every call is made by <see cref="IChatClient.GetStreamingResponseAsync"/>. The client should neither retry nor call tools. An
    /// exception that says an HTTP status (<see cref="HttpRequestException"/>, Azure's, OpenAI's) is classified by it; any other counts as an
    /// outage of the provider. The client is made once for each model and key, and is not disposed of while the application runs.</para>
    /// </remarks>
    /// <param name="services">The application's services.</param>
    /// <param name="name">The part before the colon of a model id: 1 to 64 letters, digits, <c>-</c> and <c>_</c>. Not a built-in one.</param>
    /// <param name="create">Makes the client of one model. An exception from it fails the call, and is asked again at the next.</param>
    /// <exception cref="ArgumentException"><paramref name="name"/> is none, is built in, or was added already.</exception>
    public static IServiceCollection AddModelProvider(this IServiceCollection services, string name, Func<ModelProviderContext, IChatClient> create)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(create);
        if (!ProviderSettingsReader.IsName(name))
        {
            throw new ArgumentException($"'{name}' is no provider name: it must be 1 to 64 letters, digits, '-' and '_'.", nameof(name));
        }

        if (BuiltInProvider.All.Any(provider => string.Equals(provider.Name, name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new ArgumentException($"The provider '{name}' is built in: choose another name.", nameof(name));
        }

        if (services.Any(service => service.ImplementationInstance is ModelProviderRegistration known && string.Equals(known.Name, name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new ArgumentException($"The provider '{name}' was added already.", nameof(name));
        }

        return services.AddSingleton(new ModelProviderRegistration(name.ToLowerInvariant(), create));
    }

    /// <summary>Puts middleware around the client of every model: <c>chat.Use(inner => new MyChatClient(inner))</c>.</summary>
    /// <remarks>
    /// <para>It sees each attempt at one model: beneath redaction, cache, fallbacks, retries, breaker and the provider's concurrency, above the
    /// API key and the vendor's package. So it is shown what the provider is shown, and its time counts against the provider's timeouts.</para>
    /// <para>What it throws is a failure of the provider. It must pass the updates of a stream on as they come. It must not call tools: the
    /// run does, once, through the gates. The first that is added is the outermost.</para>
    /// </remarks>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Called once for each model when it is first used; models may differ.</param>
    public static IServiceCollection ConfigureChat(this IServiceCollection services, Action<ChatClientBuilder, ModelId> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        return services.AddSingleton(new ChatConfiguration(configure));
    }

    /// <inheritdoc cref="ConfigureChat(IServiceCollection, Action{ChatClientBuilder, ModelId})"/>
    public static IServiceCollection ConfigureChat(this IServiceCollection services, Action<ChatClientBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return services.ConfigureChat((chat, _) => configure(chat));
    }
}
