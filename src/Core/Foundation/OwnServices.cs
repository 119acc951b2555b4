using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace Yggdrasil.Foundation;

/// <summary>Registers services whose types are public, for hosts to ask for, and whose constructors are not.</summary>
/// <remarks>The container calls public constructors only, and those of a public type cannot take internal types.</remarks>
internal static class OwnServices
{
    /// <summary>Adds a singleton that is made by its one constructor, with each parameter from the container.</summary>
    /// <exception cref="InvalidOperationException">The type has no constructor, or more than one.</exception>
    public static IServiceCollection AddOwn<T>(this IServiceCollection services)
        where T : class
    {
        var constructor = typeof(T).GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Single();
        var parameters = constructor.GetParameters();
        return services.AddSingleton(provider => (T)constructor.Invoke(
            BindingFlags.DoNotWrapExceptions,
            binder: null,
            [.. parameters.Select(parameter => Resolve(provider, parameter))],
            culture: null));
    }

    private static object? Resolve(IServiceProvider provider, ParameterInfo parameter) => parameter.HasDefaultValue
        ? provider.GetService(parameter.ParameterType) ?? parameter.DefaultValue
        : provider.GetRequiredService(parameter.ParameterType);
}
