using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Yggdrasil.Tools;

public static class ToolServiceCollectionExtensions
{
    /// <summary>
    /// Offers every public method of <typeparamref name="T"/> that is marked <c>[AgentTool]</c> as a tool.
    /// </summary>
    /// <remarks>
    /// The class is a scoped service unless it is registered otherwise; each call has a scope of its own. Parameters
    /// whose type is a registered service are injected, so it is the container, once built, that decides which
    /// parameters the model sees. A parameter that nobody can fill fails the start of the host.
    /// </remarks>
    /// <exception cref="InvalidOperationException">
    /// A tool is misdeclared, has the name of another, or the class has none; the message names class and method.
    /// </exception>
    public static IServiceCollection AddAgentTools<T>(this IServiceCollection services)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(services);

        var taken = services.Select(service => service.ImplementationInstance).OfType<ToolRegistration>()
            .ToDictionary(registration => registration.Name, StringComparer.Ordinal);
        foreach (var registration in ToolRegistration.Of(typeof(T)))
        {
            if (!taken.TryAdd(registration.Name, registration))
            {
                throw registration.Misdeclared(
                    $"{taken[registration.Name].Source} is already the tool '{registration.Name}'.");
            }

            services.AddSingleton(registration);
            services.AddSingleton(provider => ToolMethod.ToAgentTool(registration, provider));
        }

        services.TryAddScoped<T>();
        services.TryAddSingleton<ToolCatalog>();
        services.TryAddSingleton<ToolArguments>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ToolCatalogAtStart>());
        return services;
    }

    /// <summary>Puts <typeparamref name="T"/> around every tool call that the server makes. The first that is added is the outermost.</summary>
    /// <remarks>It is made anew for each call, in the call's scope, with services in its constructor.</remarks>
    public static IServiceCollection AddToolMiddleware<T>(this IServiceCollection services)
        where T : class, IToolMiddleware
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddScoped<IToolMiddleware, T>();
        return services;
    }
}
