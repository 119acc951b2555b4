using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Custom;

/// <summary>What the application adds to one provider's clients.</summary>
/// <param name="services">The application's services.</param>
/// <param name="create">Makes the provider's clients; null where the product does.</param>
/// <param name="configurations">What is put around them, outermost first.</param>
internal sealed class CustomModels(
    IServiceProvider services, Func<ModelProviderContext, IChatClient>? create, IReadOnlyList<ChatConfiguration> configurations)
{
    /// <summary>Makes the client of a model for a key; null where the product does.</summary>
    public Func<string, string?, IChatClient>? Factory => create is null
        ? null
        : (model, key) => create(new ModelProviderContext(services, model, key))
            ?? throw new InvalidOperationException($"The factory of the provider made no client for the model '{model}'.");

    /// <summary>Puts the application's middleware around a client.</summary>
    public IChatClient Around(IChatClient client, ModelId model)
    {
        if (configurations.Count == 0)
        {
            return client;
        }

        var chat = client.AsBuilder();
        foreach (var configuration in configurations)
        {
            configuration.Configure(chat, model);
        }

        return chat.Build(services);
    }
}
