using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Functions.Middleware;

namespace Yggdrasil.Functions;

/// <summary>The one place where worker middleware is added, used by every host.</summary>
public static class YggdrasilWorker
{
    /// <summary>Adds, outermost first: origins of pages, failures to problem details, then authentication.</summary>
    public static IFunctionsWorkerApplicationBuilder UseYggdrasil(this IFunctionsWorkerApplicationBuilder builder)
    {
        builder.Services.AddCors();
        builder.UseMiddleware<CorsMiddleware>();
        builder.UseMiddleware<ProblemMiddleware>();
        builder.UseMiddleware<AuthenticationMiddleware>();
        return builder;
    }
}
