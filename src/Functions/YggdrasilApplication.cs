using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Yggdrasil.Functions.Middleware;
using Yggdrasil.Hosting;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Functions;

/// <summary>Agents in an app that the Functions host starts. LocalHost has a start of its own.</summary>
public static class YggdrasilApplication
{
    /// <summary>Adds all services and middleware. Whatever the app adds to <c>builder.Services</c> afterwards, such as tools, joins them.</summary>
    public static FunctionsApplicationBuilder AddYggdrasil(this FunctionsApplicationBuilder builder)
    {
        builder.UseMiddleware<AnsweredMiddleware>();
        builder.ConfigureFunctionsWebApplication();
        builder.UseYggdrasil();
        // Two lines for each answer otherwise.
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Services.AddYggdrasil(builder.Configuration);
        if (TelemetryServices.IsExported(builder.Configuration))
        {
            builder.Services.AddOpenTelemetry().UseFunctionsWorkerDefaults();
        }

        return builder;
    }
}
