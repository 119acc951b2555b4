using System.Net;
using System.Net.Sockets;

namespace Yggdrasil.Tools.Egress;

/// <summary>Decides which external addresses may be called, and connects to those only.</summary>
/// <remarks>
/// <para>A URL passes twice. First as text: http or https, no credentials, a host and port on the list. Then, when a
/// connection is made, by where it leads: the name is resolved, every address it has must be public, and the socket is
/// connected to one of exactly those addresses. Nothing resolves the name again, so an answer that changes in between
/// ("DNS rebinding") has nothing to act upon.</para>
/// <para>A name with one public and one internal address is refused as a whole: which is tried first is chance.</para>
/// </remarks>
public sealed class EgressGuard
{
    private const int MaxUrlLength = 2048;
    private const int HttpsPort = 443;

    private readonly AllowedHost[]? _allowed;
    private readonly string _settingName;
    private readonly bool _allowPrivateNetworks;
    private readonly IHostResolver _resolver;
    private readonly HashSet<int> _ports = [HttpsPort];

    /// <param name="allowed">The hosts that may be asked.</param>
    /// <param name="settingName">The setting that holds them, as refusals name it.</param>
    /// <param name="allowPrivateNetworks">Whether their addresses may be internal; in development only.</param>
    /// <param name="resolver">Name resolution.</param>
    public EgressGuard(
        IEnumerable<AllowedHost> allowed, string settingName, bool allowPrivateNetworks, IHostResolver resolver)
        : this(allowed.ToArray(), settingName, allowPrivateNetworks, resolver)
    {
    }

    private EgressGuard(AllowedHost[]? allowed, string settingName, bool allowPrivateNetworks, IHostResolver resolver)
    {
        _allowed = allowed;
        _settingName = settingName;
        _allowPrivateNetworks = allowPrivateNetworks;
        _resolver = resolver;
    }

    /// <summary>A guard without a list: any host may be asked by https at port 443, where it leads to a public address.</summary>
    /// <param name="allowPrivateNetworks">
    /// Whether addresses may be internal, and this machine be asked by http and at any port too; in development only.
    /// </param>
    /// <param name="resolver">Name resolution.</param>
    /// <param name="ports">The ports that may be asked beside 443.</param>
    /// <param name="settingName">The setting that holds them, as refusals name it.</param>
    public static EgressGuard ForAnyPublicHost(
        bool allowPrivateNetworks, IHostResolver resolver, IEnumerable<int> ports, string settingName)
    {
        var guard = new EgressGuard(allowed: null, settingName, allowPrivateNetworks, resolver);
        guard._ports.UnionWith(ports);
        return guard;
    }

    /// <summary>Reads a URL that may be asked.</summary>
    /// <exception cref="EgressException">It may not; the message says which rule it breaks.</exception>
    public Uri Check(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (url.Length > MaxUrlLength)
        {
            throw new EgressException(EgressRefusal.InvalidUrl, $"The URL is longer than {MaxUrlLength} characters.");
        }

        // Uri drops or escapes these silently, and reads "http://allowed\@other" in ways other parsers do not.
        if (url.Any(character => char.IsControl(character) || char.IsWhiteSpace(character) || character == '\\'))
        {
            throw new EgressException(
                EgressRefusal.InvalidUrl, "The URL holds white space, a control character or a backslash; escape it.");
        }

        return Uri.TryCreate(url, UriKind.Absolute, out var uri)
            ? Check(uri)
            : throw new EgressException(
                EgressRefusal.InvalidUrl, "That is no absolute URL, such as https://example.com/path.");
    }

    /// <summary>Connects to an address of the host that has passed the rules.</summary>
    /// <exception cref="EgressException">
    /// The host has an address that is not allowed, or no address answers.
    /// </exception>
    public async Task<Stream> ConnectAsync(DnsEndPoint endPoint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        var addresses = await ResolveAsync(endPoint.Host, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, endPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new EgressException(
                EgressRefusal.Unreachable, $"{endPoint.Host} does not accept a connection.", exception);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private Uri Check(Uri uri)
    {
        if (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
        {
            throw new EgressException(EgressRefusal.InvalidUrl, "Only http and https URLs are allowed.");
        }

        if (uri.UserInfo.Length > 0)
        {
            throw new EgressException(EgressRefusal.InvalidUrl, "A URL with a user name or password is not allowed.");
        }

        if (_allowed is null)
        {
            CheckUnlisted(uri);
        }
        else if (!_allowed.Any(host => host.Covers(uri)))
        {
            var host = uri.IsDefaultPort ? uri.IdnHost : $"{uri.IdnHost}:{uri.Port}";
            throw new EgressException(
                EgressRefusal.HostNotAllowed,
                $"Host not allowed: {host}. Ask the operator to add it to {_settingName}.");
        }

        return uri;
    }

    private void CheckUnlisted(Uri uri)
    {
        if (uri.Scheme != Uri.UriSchemeHttps && !(_allowPrivateNetworks && uri.IsLoopback))
        {
            throw new EgressException(EgressRefusal.InvalidUrl, "Only https URLs are allowed.");
        }

        // Whoever may name any port can ask for what else a host serves there, and use the app to look for it.
        if (!_ports.Contains(uri.Port) && !(_allowPrivateNetworks && uri.IsLoopback))
        {
            throw new EgressException(
                EgressRefusal.HostNotAllowed, $"Port not allowed: {uri.Port}. Use port 443, or ask the operator to add it to {_settingName}.");
        }

        // An address as such needs no look-up to be refused, so whoever names it learns of it at once.
        if (IPAddress.TryParse(uri.IdnHost, out var literal) && !IsAllowed(literal))
        {
            throw NotPublic(uri.IdnHost);
        }
    }

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        // An address needs no look-up, and a resolver must not be able to give it another meaning.
        var addresses = IPAddress.TryParse(host, out var literal)
            ? [literal]
            : await LookUpAsync(host, cancellationToken);
        return addresses.Length > 0 && addresses.All(IsAllowed)
            ? addresses
            : throw (addresses.Length == 0 ? NotFound(host) : NotPublic(host));
    }

    private async Task<IPAddress[]> LookUpAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            return await _resolver.ResolveAsync(host, cancellationToken);
        }
        catch (SocketException exception)
        {
            throw NotFound(host, exception);
        }
    }

    private bool IsAllowed(IPAddress address) => NetworkAddress.Judge(address) switch
    {
        NetworkAddressKind.Public => true,
        NetworkAddressKind.Private => _allowPrivateNetworks,
        _ => false,
    };

    private static EgressException NotFound(string host, Exception? cause = null) => cause is null
        ? new EgressException(EgressRefusal.Unreachable, $"{host} has no address.")
        : new EgressException(EgressRefusal.Unreachable, $"{host} could not be resolved.", cause);

    private static EgressException NotPublic(string host) =>
        new(EgressRefusal.AddressNotAllowed, $"{host} is not on the public internet, so it may not be asked.");
}
