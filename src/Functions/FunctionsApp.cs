using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Yggdrasil.Functions.Middleware;
using Yggdrasil.Hosting;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Functions;

/// <summary>The app as the Functions host starts it. LocalHost has a start of its own and compiles neither this nor Program.</summary>
internal static class FunctionsApp
{
    /// <summary>The worker with all services and middleware; not built, so that a caller can add to it.</summary>
    /// <param name="args">Settings as <c>--name=value</c>, over those of the environment; the Functions host passes its address here.</param>
    public static FunctionsApplicationBuilder CreateBuilder(string[] args)
    {
        var builder = FunctionsApplication.CreateBuilder(args);
        builder.UseMiddleware<AnsweredMiddleware>();
        builder.ConfigureFunctionsWebApplication();
        builder.UseYggdrasil();
        // Two lines for each answer otherwise.
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Services.AddYggdrasil(builder.Configuration).AddOwnTools();
        if (TelemetryServices.IsExported(builder.Configuration))
        {
            builder.Services.AddOpenTelemetry().UseFunctionsWorkerDefaults();
        }

        return builder;
    }
}
