using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Yggdrasil.Foundation.Settings;

/// <summary>Registers settings so that one start names everything that is wrong with them.</summary>
public static class SettingsServices
{
    /// <summary>Binds a section of ours, in which nothing unknown may stand, and validates it at start.</summary>
    /// <remarks>Services may ask for the options type itself: it is the value at start.</remarks>
    /// <param name="configuration">Reloads are followed.</param>
    /// <param name="section">The section's path.</param>
    /// <param name="problems">What is wrong with the values, each entry naming a setting in full; null where all fit.</param>
    public static OptionsBuilder<T> AddSettings<T>(
        this IServiceCollection services, IConfiguration configuration, string section, Func<T, IEnumerable<string>>? problems = null)
        where T : class
    {
        var settings = configuration.GetSection(section);
        services.AddSingleton<IOptionsChangeTokenSource<T>>(new ConfigurationChangeTokenSource<T>(settings));
        services.AddSingleton<IValidateOptions<T>>(new Validation<T>(
            options => SettingsShape.Of(settings, typeof(T)).Problems.Concat(problems?.Invoke(options) ?? [])));
        services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<T>>().Value);
        return services.AddOptions<T>()
            .Configure(options => SettingsShape.Of(settings, typeof(T)).Bind(options))
            .ValidateOnStart();
    }

    /// <summary>Adds a check of settings that are no options type.</summary>
    /// <param name="check">Throws an <see cref="OptionsValidationException"/>, or constructs what does.</param>
    public static IServiceCollection AddSettingsCheck(this IServiceCollection services, Action<IServiceProvider> check) =>
        services.AddSingleton(provider => new SettingsCheck(() => check(provider)));

    /// <summary>Adds a check of settings that are no options type.</summary>
    /// <param name="problems">What is wrong, each entry naming a setting in full.</param>
    public static IServiceCollection AddSettingsCheck(this IServiceCollection services, Func<IEnumerable<string>> problems) =>
        services.AddSettingsCheck(_ =>
        {
            if (problems().ToList() is { Count: > 0 } found)
            {
                throw new InvalidSettingsException(found);
            }
        });

    /// <summary>Makes the start report everything at once. Options that are added later take part too.</summary>
    internal static IServiceCollection AddSettingsAtStart(this IServiceCollection services)
    {
        var framework = services.Last(service => service.ServiceType == typeof(IStartupValidator)).ImplementationType!;
        return services.Replace(ServiceDescriptor.Transient<IStartupValidator>(provider => new SettingsAtStart(
            (IStartupValidator)ActivatorUtilities.CreateInstance(provider, framework), provider.GetServices<SettingsCheck>())));
    }

    private sealed class Validation<T>(Func<T, IEnumerable<string>> problems) : IValidateOptions<T>
        where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options) =>
            problems(options).ToList() is { Count: > 0 } found ? ValidateOptionsResult.Fail(found) : ValidateOptionsResult.Success;
    }
}
