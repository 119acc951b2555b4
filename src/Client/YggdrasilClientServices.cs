using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Yggdrasil.Client;

/// <summary>Registration of the client.</summary>
public static class YggdrasilClientServices
{
    /// <summary>Adds <see cref="YggdrasilClient"/> over connections of <c>IHttpClientFactory</c>.</summary>
    /// <param name="services">Where it is added.</param>
    /// <param name="configure">Says how the server is reached; <see cref="YggdrasilClientOptions.Address"/> is required.</param>
    /// <returns>For handlers of your own, such as <c>AddStandardResilienceHandler()</c>: each request may be repeated by them too.</returns>
    public static IHttpClientBuilder AddYggdrasilClient(this IServiceCollection services, Action<YggdrasilClientOptions> configure)
    {
        services.AddOptions<YggdrasilClientOptions>()
            .Configure(configure)
            .Validate(options => options.Address is { IsAbsoluteUri: true }, "YggdrasilClientOptions.Address has to be the absolute address of the server.")
            .ValidateOnStart();
        return services.AddHttpClient(nameof(YggdrasilClient))
            .AddTypedClient((http, provider) => new YggdrasilClient(http, provider.GetRequiredService<IOptions<YggdrasilClientOptions>>().Value));
    }
}
