using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Yggdrasil.Redaction.Logging;

internal static class LoggingRedaction
{
    /// <summary>Puts masking around the logger factory that is registered, whichever host registered it.</summary>
    public static IServiceCollection AddLogRedaction(this IServiceCollection services)
    {
        services.AddLogging();
        var registered = services.Last(service => service.ServiceType == typeof(ILoggerFactory));
        return services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(
            provider => new RedactingLoggerFactory(Create(registered, provider))));
    }

    private static ILoggerFactory Create(ServiceDescriptor registered, IServiceProvider provider) => (ILoggerFactory)(
        registered.ImplementationInstance
        ?? registered.ImplementationFactory?.Invoke(provider)
        ?? ActivatorUtilities.CreateInstance(provider, registered.ImplementationType!));
}
