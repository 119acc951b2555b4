using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Yggdrasil.Tools.Egress;

/// <summary>One host that requests may go to.</summary>
/// <param name="Host">
/// As <see cref="Uri.IdnHost"/> gives it: lower case, punycode, addresses in their usual form.
/// </param>
/// <param name="Port">The only port, or null for the default one of http and of https.</param>
public sealed record AllowedHost(string Host, int? Port)
{
    /// <summary>Reads <c>host</c> or <c>host:port</c>; false for anything more, wildcards included.</summary>
    public static bool TryParse(string? entry, [MaybeNullWhen(false)] out AllowedHost host)
    {
        host = null;
        if (string.IsNullOrWhiteSpace(entry)
            || !Uri.TryCreate($"http://{entry}/", UriKind.Absolute, out var uri)
            || uri.UserInfo.Length > 0
            || uri.PathAndQuery != "/"
            || uri.Fragment.Length > 0
            || uri.HostNameType is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6))
        {
            return false;
        }

        // The last colon of "[::1]" belongs to the address.
        var colon = entry.LastIndexOf(':');
        var hasPort = colon > entry.LastIndexOf(']') && colon >= 0;
        if (hasPort
            && (!ushort.TryParse(entry[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                || port == 0))
        {
            return false;
        }

        host = new AllowedHost(uri.IdnHost, hasPort ? uri.Port : null);
        return true;
    }

    /// <exception cref="FormatException">The entry is not <c>host</c> or <c>host:port</c>.</exception>
    public static AllowedHost Parse(string entry) => TryParse(entry, out var host)
        ? host
        : throw new FormatException($"'{entry}' is not one exact host with an optional port.");

    public bool Covers(Uri uri) =>
        string.Equals(uri.IdnHost, Host, StringComparison.OrdinalIgnoreCase)
        && (Port is { } port ? uri.Port == port : uri.IsDefaultPort);
}
