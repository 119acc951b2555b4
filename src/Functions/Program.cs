using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;
using Yggdrasil;
using Yggdrasil.Functions;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.UseYggdrasil();
builder.Services.AddYggdrasil(builder.Configuration);
await builder.Build().RunAsync();
