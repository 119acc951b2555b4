using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Tests.Tools.Egress;

/// <summary>Clients as the product builds them, with a list and a resolver of the test.</summary>
internal static class GuardedClient
{
    /// <summary>One that may ask this server, by address unless hosts are named; all names lead to this machine.</summary>
    public static GuardedHttp Http(LocalServer server, TimeProvider? time = null, params string[] hosts)
    {
        var names = hosts.Length > 0 ? hosts : ["127.0.0.1"];
        return Http(
            new ScriptedResolver(["127.0.0.1"]),
            true,
            time ?? TimeProvider.System,
            [.. names.Select(host => $"{host}:{server.Port}")]);
    }

    public static GuardedHttp Http(
        IHostResolver resolver, bool allowPrivateNetworks, TimeProvider time, params string[] allowed)
    {
        var hosts = allowed.Select(AllowedHost.Parse);
        return new GuardedHttp(
            new EgressGuard(hosts, "Tools__Http__AllowedHosts", allowPrivateNetworks, resolver),
            time,
            NullLogger<GuardedHttp>.Instance);
    }

    public static Task<GuardedResponse> GetAsync(GuardedHttp http, string url) =>
        http.SendAsync(new GuardedRequest(HttpMethod.Get, url), CancellationToken.None);

    public static string Text(GuardedResponse response) => Encoding.UTF8.GetString(response.Body.Span);
}
