using System.Globalization;
using System.Text;

namespace Yggdrasil.Identity;

/// <summary>To whom data belongs: a user within a tenant. Everything an owner has lives in one table partition.</summary>
public readonly record struct Owner(string Tenant, string User)
{
    /// <summary>
    /// The partition key: both parts with every UTF-16 unit outside <c>[A-Za-z0-9._@-]</c> written as <c>=XXXX</c>, joined
    /// by <c>!</c>. Injective, even for text that is no valid Unicode, and free of the characters Azure Tables forbids in
    /// keys (<c>/ \ # ?</c> and controls).
    /// </summary>
    public string Partition => $"{TenantKey}!{UserKey}";

    /// <summary>The tenant's part of <see cref="Partition"/>, a key by itself.</summary>
    public string TenantKey => Encode(Tenant);

    /// <summary>The user's part of <see cref="Partition"/>, a key by itself.</summary>
    public string UserKey => Encode(User);

    /// <summary>
    /// The partition of what concerns everybody of a role in a tenant. It is no owner's: after the tenant's <c>!</c> another
    /// one follows, which no encoded user holds.
    /// </summary>
    public static string RolePartition(string tenant, string role) => $"{Encode(tenant)}!!{Encode(role)}";

    /// <summary>The owner of a <see cref="Partition"/>.</summary>
    /// <exception cref="FormatException">It is not an owner's partition.</exception>
    public static Owner OfPartition(string partition) => partition.Split('!') is [var tenant, var user]
        ? new Owner(Decode(tenant), Decode(user))
        : throw new FormatException("The partition is not an owner's.");

    private static string Decode(string part)
    {
        var decoded = new StringBuilder(part.Length);
        for (var index = 0; index < part.Length; index++)
        {
            if (part[index] != '=')
            {
                decoded.Append(part[index]);
                continue;
            }

            decoded.Append((char)int.Parse(part.AsSpan(index + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
            index += 4;
        }

        return decoded.ToString();
    }

    private static string Encode(string part)
    {
        var encoded = new StringBuilder(part.Length);
        foreach (var character in part)
        {
            if (char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '@' or '-')
            {
                encoded.Append(character);
            }
            else
            {
                encoded.Append('=').Append(((int)character).ToString("X4", CultureInfo.InvariantCulture));
            }
        }

        return encoded.ToString();
    }
}
