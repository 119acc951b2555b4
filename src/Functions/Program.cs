using Microsoft.Azure.Functions.Worker.Builder;
using Yggdrasil;
using Yggdrasil.Functions;
using Yggdrasil.Functions.Middleware;

var builder = FunctionsApplication.CreateBuilder(args);
builder.UseMiddleware<AnsweredMiddleware>();
builder.ConfigureFunctionsWebApplication();
builder.UseYggdrasil();
builder.Services.AddYggdrasil(builder.Configuration).AddOwnTools();
await builder.Build().RunAsync();
