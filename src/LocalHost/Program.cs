using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Yggdrasil.LocalHost.Hosting;

try
{
    await using var host = await LocalHostApplication.CreateAsync(Product.Setup(args));
    await host.RunAsync();
    return 0;
}
catch (Exception failure) when (
    failure is LocalHostException or OptionsValidationException || failure.GetBaseException() is SocketException)
{
    await Console.Error.WriteLineAsync(failure.Message);
    return 1;
}
