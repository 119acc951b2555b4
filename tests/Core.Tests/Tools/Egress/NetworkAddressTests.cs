using System.Net;
using System.Net.Sockets;
using CsCheck;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Tests.Tools.Egress;

public sealed class NetworkAddressTests
{
    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("93.184.215.14")]
    [InlineData("1.1.1.1")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("126.255.255.255")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.167.255.255")]
    [InlineData("192.169.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("168.63.129.17")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450:4001:80e::200e")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::8.8.8.8")]
    [InlineData("2002:808:808::1")]
    [InlineData("2001:0:808:808:0:ffff:f7f7:f7f7")]
    public void The_internet_is_public(string address) => AssertKind("Public", address);

    [Theory]
    [InlineData("loopback", "127.0.0.1")]
    [InlineData("end of loopback", "127.255.255.255")]
    [InlineData("private class A", "10.0.0.1")]
    [InlineData("end of private class A", "10.255.255.255")]
    [InlineData("private class B", "172.16.0.1")]
    [InlineData("end of private class B", "172.31.255.255")]
    [InlineData("private class C", "192.168.1.1")]
    [InlineData("carrier-grade NAT", "100.64.0.1")]
    [InlineData("end of carrier-grade NAT", "100.127.255.255")]
    [InlineData("IPv6 loopback", "::1")]
    [InlineData("unique local", "fd00::1")]
    [InlineData("unique local, unassigned half", "fc00::1")]
    [InlineData("IPv4-mapped loopback", "::ffff:127.0.0.1")]
    [InlineData("IPv4-mapped private", "::ffff:10.1.2.3")]
    [InlineData("NAT64 to private", "64:ff9b::192.168.0.1")]
    [InlineData("6to4 to private", "2002:a00:1::1")]
    [InlineData("Teredo with a private client", "2001:0:808:808:0:ffff:f5ff:fffe")]
    [InlineData("Teredo with a loopback server", "2001:0:7f00:1:0:ffff:f7f7:f7f7")]
    public void Internal_networks_are_private(string what, string address) => AssertKind("Private", address, what);

    [Theory]
    [InlineData("unspecified", "0.0.0.0")]
    [InlineData("this network", "0.1.2.3")]
    [InlineData("cloud metadata", "169.254.169.254")]
    [InlineData("container metadata", "169.254.170.2")]
    [InlineData("Azure's endpoint inside a virtual machine", "168.63.129.16")]
    [InlineData("protocol assignments", "192.0.0.170")]
    [InlineData("documentation", "192.0.2.1")]
    [InlineData("6to4 relays", "192.88.99.1")]
    [InlineData("benchmarks", "198.19.255.255")]
    [InlineData("documentation 2", "198.51.100.1")]
    [InlineData("documentation 3", "203.0.113.1")]
    [InlineData("multicast", "224.0.0.1")]
    [InlineData("reserved", "240.0.0.1")]
    [InlineData("broadcast", "255.255.255.255")]
    [InlineData("IPv6 unspecified", "::")]
    [InlineData("IPv6 link-local", "fe80::1")]
    [InlineData("IPv6 link-local with zone", "fe80::1%2")]
    [InlineData("IPv6 site-local", "fec0::1")]
    [InlineData("IPv6 multicast", "ff02::1")]
    [InlineData("IPv4-compatible loopback", "::127.0.0.1")]
    [InlineData("local NAT64", "64:ff9b:1::7f00:1")]
    [InlineData("discard only", "100::1")]
    [InlineData("ORCHID", "2001:20::1")]
    [InlineData("IPv6 documentation", "2001:db8::1")]
    [InlineData("IPv6 documentation 2", "3fff::1")]
    [InlineData("AWS metadata over IPv6", "fd00:ec2::254", "Private")]
    [InlineData("IPv4-mapped metadata", "::ffff:169.254.169.254")]
    [InlineData("NAT64 to metadata", "64:ff9b::169.254.169.254")]
    [InlineData("6to4 to metadata", "2002:a9fe:a9fe::")]
    [InlineData("Teredo with a metadata client", "2001:0:808:808:0:ffff:5601:5601")]
    public void What_is_neither_is_forbidden(string what, string address, string kind = "Forbidden") =>
        AssertKind(kind, address, what);

    [Fact]
    public void Every_way_to_write_an_IPv4_address_in_IPv6_is_judged_as_that_address() =>
        Gen.UInt.Sample(bits =>
        {
            var bytes = new[] { (byte)(bits >> 24), (byte)(bits >> 16), (byte)(bits >> 8), (byte)bits };
            var address = new IPAddress(bytes);
            var expected = NetworkAddress.Judge(address);

            Assert.Equal(expected, NetworkAddress.Judge(address.MapToIPv6()));
            Assert.Equal(expected, NetworkAddress.Judge(IPAddress.Parse($"64:ff9b::{address}")));
            Assert.Equal(expected, NetworkAddress.Judge(new IPAddress([0x20, 0x02, .. bytes, .. new byte[10]])));
        });

    [Fact]
    public void No_IPv6_address_outside_global_unicast_is_public_unless_it_stands_for_IPv4() =>
        Gen.Byte.Array[16].Sample(bytes =>
        {
            var address = new IPAddress(bytes);
            Assert.Equal(AddressFamily.InterNetworkV6, address.AddressFamily);
            Assert.True((bytes[0] & 0xE0) == 0x20 || NetworkAddress.Judge(address) != NetworkAddressKind.Public);
        });

    private static void AssertKind(string kind, string address, string what = "") =>
        Assert.Equal((what, kind), (what, NetworkAddress.Judge(IPAddress.Parse(address)).ToString()));
}
