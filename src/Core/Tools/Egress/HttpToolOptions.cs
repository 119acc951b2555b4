namespace Yggdrasil.Tools.Egress;

/// <summary>Where the HTTP tools may go. Section <c>Tools:Http</c>.</summary>
/// <remarks>
/// Nothing is allowed until a host is named. Each entry is one exact host, <c>api.example.com</c>, which stands for the
/// ports 80 (http) and 443 (https), or <c>api.example.com:8443</c>, which stands for that port alone. There are no
/// wildcards: a subdomain is another host.
/// </remarks>
public sealed class HttpToolOptions
{
    public const string Section = "Tools:Http";

    /// <summary>Hosts, by name or address, in any case, Unicode or punycode. Default none.</summary>
    public IList<string> AllowedHosts { get; init; } = [];

    /// <summary>
    /// Whether an allowed host may have a loopback, private or carrier-grade NAT address. Default false; true is refused
    /// outside Development. Link-local addresses, which cloud metadata has, stay refused.
    /// </summary>
    public bool AllowPrivateNetworks { get; init; }
}
