using System.Net;
using System.Net.Sockets;

namespace Yggdrasil.Fixtures;

public static class LoopbackPorts
{
    /// <summary>A port of 127.0.0.1 that nobody listens on, as of now.</summary>
    public static int Unused()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
