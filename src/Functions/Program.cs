using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Yggdrasil.Functions;
using Yggdrasil.Functions.Middleware;
using Yggdrasil.Hosting;
using Yggdrasil.Telemetry;

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

await builder.Build().RunAsync();
