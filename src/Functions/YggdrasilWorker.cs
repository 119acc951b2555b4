using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Functions.Http.McpServer;
using Yggdrasil.Functions.Middleware;

namespace Yggdrasil.Functions;

/// <summary>The one place where worker middleware is added, used by every host.</summary>
public static class YggdrasilWorker
{
    /// <summary>
    /// Adds, outermost first: traces and measurements, origins of pages, failures to problem details, the origins of MCP, authentication, the
    /// rate of writes, then the scheduler.
    /// </summary>
    public static IFunctionsWorkerApplicationBuilder UseYggdrasil(this IFunctionsWorkerApplicationBuilder builder)
    {
        builder.UseMiddleware<TelemetryMiddleware>();
        builder.Services.AddCors();
        builder.UseMiddleware<CorsMiddleware>();
        builder.UseMiddleware<ProblemMiddleware>();
        builder.Services.AddMcpAgents();
        builder.UseMiddleware<OriginMiddleware>();
        builder.UseMiddleware<AuthenticationMiddleware>();
        builder.UseMiddleware<WriteRateMiddleware>();
        builder.UseMiddleware<SchedulerMiddleware>();
        return builder;
    }
}
