using Yggdrasil.Functions;

await FunctionsApp.CreateBuilder(args).Build().RunAsync();
