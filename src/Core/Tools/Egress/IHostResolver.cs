using System.Net;

namespace Yggdrasil.Tools.Egress;

/// <summary>Name resolution.</summary>
public interface IHostResolver
{
    /// <summary>All addresses of a host, possibly none.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The name does not exist, or nobody answers.</exception>
    Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken);
}
