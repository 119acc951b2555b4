using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;
using Company.Agents_1;
using Yggdrasil.Functions;

var builder = FunctionsApplication.CreateBuilder(args);
builder.AddYggdrasil();
builder.Services.AddOwnTools();
await builder.Build().RunAsync();
