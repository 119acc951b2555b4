using System.Net;
using Yggdrasil.Identity.Authentication;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>Keeps a host that believes whoever says <c>dev:alice:admin</c> on this machine.</summary>
internal static class LoopbackOnly
{
    /// <summary>The addresses it is told to listen on, before it does.</summary>
    /// <exception cref="LocalHostException">One of them is not loopback.</exception>
    public static void RequireConfigured(IServiceProvider services)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        Require(services,
        [
            .. (configuration[WebHostDefaults.ServerUrlsKey] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            .. configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"]).OfType<string>(),
        ]);
    }

    /// <exception cref="LocalHostException">One of the addresses is not loopback.</exception>
    public static void Require(IServiceProvider services, IEnumerable<string> addresses)
    {
        if (services.GetService<IAuthentication>() is DevelopmentAuthentication
            && addresses.FirstOrDefault(address => !IsLoopback(address)) is { } open)
        {
            throw new LocalHostException(
                $"Auth__Mode \"Development\" believes every caller, and {open} is not loopback. Listen on http://127.0.0.1:<port>, or set Auth__Authority.");
        }
    }

    private static bool IsLoopback(string address)
    {
        // As Kestrel reads it: a name other than localhost, and * and +, mean every address of the machine.
        var host = BindingAddress.Parse(address).Host;
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
               || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip));
    }
}
