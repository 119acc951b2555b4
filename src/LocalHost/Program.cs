using Yggdrasil.LocalHost;
using Yggdrasil.LocalHost.Hosting;

return await LocalApp.RunAsync(Product.Setup(args));
