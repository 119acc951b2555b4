using System.Net;
using System.Net.Sockets;

namespace Yggdrasil.Tools.Egress;

/// <summary>What lies behind an address.</summary>
internal enum NetworkAddressKind
{
    /// <summary>The internet.</summary>
    Public,

    /// <summary>This machine or an internal network.</summary>
    Private,

    /// <summary>Nothing a request may ever go to: link-local (cloud metadata), multicast, reserved.</summary>
    Forbidden,
}

/// <summary>Judges addresses by the special-purpose registries of IANA (RFC 6890).</summary>
internal static class NetworkAddress
{
    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("10.0.0.0/8"),
        IPNetwork.Parse("100.64.0.0/10"), // carrier-grade NAT, RFC 6598
        IPNetwork.Parse("127.0.0.0/8"),
        IPNetwork.Parse("172.16.0.0/12"),
        IPNetwork.Parse("192.168.0.0/16"),
        IPNetwork.Parse("::1/128"),
        IPNetwork.Parse("fc00::/7"),
    ];

    private static readonly IPNetwork[] Forbidden =
    [
        IPNetwork.Parse("0.0.0.0/8"), // Linux connects 0.0.0.0 to this machine
        IPNetwork.Parse("168.63.129.16/32"), // Azure's endpoint inside every virtual machine, in a public range
        IPNetwork.Parse("169.254.0.0/16"), // link-local, with the metadata services of the clouds
        IPNetwork.Parse("192.0.0.0/24"),
        IPNetwork.Parse("192.0.2.0/24"),
        IPNetwork.Parse("192.88.99.0/24"),
        IPNetwork.Parse("198.18.0.0/15"),
        IPNetwork.Parse("198.51.100.0/24"),
        IPNetwork.Parse("203.0.113.0/24"),
        IPNetwork.Parse("224.0.0.0/4"),
        IPNetwork.Parse("240.0.0.0/4"),
        IPNetwork.Parse("2001::/23"), // protocol assignments; Teredo, which is part of it, is judged before
        IPNetwork.Parse("2001:db8::/32"),
        IPNetwork.Parse("3fff::/20"),
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    public static NetworkAddressKind Judge(IPAddress address)
    {
        if (EmbeddedIn(address) is { Length: > 0 } embedded)
        {
            // Where a packet goes in the end is what counts; of several addresses the worst.
            return embedded.Max(Judge);
        }

        if (Private.Any(network => network.Contains(address)))
        {
            return NetworkAddressKind.Private;
        }

        var isForbidden = Forbidden.Any(network => network.Contains(address))
            || (address.AddressFamily == AddressFamily.InterNetworkV6 && !GlobalUnicast.Contains(address));
        return isForbidden ? NetworkAddressKind.Forbidden : NetworkAddressKind.Public;
    }

    /// <summary>The IPv4 addresses that an IPv6 address is a way to write, or is translated or tunnelled to.</summary>
    private static IPAddress[] EmbeddedIn(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return [];
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return [address.MapToIPv4()];
        }

        var bytes = address.GetAddressBytes();
        if (Nat64.Contains(address))
        {
            return [new IPAddress(bytes.AsSpan(12))];
        }

        if (SixToFour.Contains(address))
        {
            return [new IPAddress(bytes.AsSpan(2, 4))];
        }

        // Teredo, RFC 4380: the server as it is, the client with all bits inverted.
        return address.IsIPv6Teredo
            ? [new IPAddress(bytes.AsSpan(4, 4)), new IPAddress(Array.ConvertAll(bytes[12..], octet => (byte)~octet))]
            : [];
    }
}
