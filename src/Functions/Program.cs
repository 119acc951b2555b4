using Microsoft.Azure.Functions.Worker.Builder;
using Yggdrasil.Functions;

var builder = FunctionsApplication.CreateBuilder(args);
builder.AddYggdrasil();
builder.Services.AddOwnTools();
await builder.Build().RunAsync();
