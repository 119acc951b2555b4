using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation;

namespace Yggdrasil.Operations.Errors;

internal static class ErrorTracking
{
    public static void AddErrorTracking(this IServiceCollection services)
    {
        services.AddSingleton<ErrorCounter>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ILoggerProvider, ErrorLoggerProvider>());

        // Whatever is shown of the log, errors are counted.
        services.AddLogging(logging => logging.AddFilter<ErrorLoggerProvider>("Yggdrasil", LogLevel.Warning));
        services.AddSingleton<ErrorStore>();
        services.AddHostedService<ErrorFlush>();
        services.AddOwn<ErrorService>();
    }
}
