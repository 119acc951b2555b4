namespace Yggdrasil.Models.Custom;

/// <summary>What a provider's factory is told of the client that it makes.</summary>
/// <param name="Services">The application's services.</param>
/// <param name="Model">The part of the model id behind the colon, as the agent says it.</param>
/// <param name="ApiKey">
/// The provider's key, from <c>Providers__name__ApiKey</c> or its Key Vault secret; null where there is none. A key that changes makes a
/// new client, without a restart.
/// </param>
public sealed record ModelProviderContext(IServiceProvider Services, string Model, string? ApiKey)
{
    /// <summary>Without the key.</summary>
    public override string ToString() => $"{nameof(ModelProviderContext)} {{ {nameof(Model)} = {Model} }}";
}
