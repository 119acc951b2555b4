using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;
using Yggdrasil.Functions;

var builder = FunctionsApplication.CreateBuilder(args);
builder.AddYggdrasil();
await builder.Build().RunAsync();
