using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Yggdrasil.Security;
using Yggdrasil.Security.Secrets;

namespace Yggdrasil.Runs.Events;

/// <summary>
/// Tickets for those who cannot send a header, which browsers' <c>EventSource</c> cannot: for a few minutes they stand for
/// their caller, where the events of one run are read and nowhere else.
/// </summary>
/// <remarks>
/// <c>key id . payload . HMAC-SHA256</c>, under a key of its own derived from the master key. Nothing is stored, so every
/// instance reads them, and none can be taken back but by locking its caller out.
/// </remarks>
public sealed class EventTickets(MasterKeyRing keys, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <exception cref="SecretUnavailableException">There is no key.</exception>
    public (string Ticket, DateTimeOffset ExpiresAt) Issue(EventTicket ticket)
    {
        // Whole seconds, as callers are told.
        var expiresAt = DateTimeOffset.FromUnixTimeSeconds((time.GetUtcNow() + Lifetime).ToUnixTimeSeconds());
        var payload = JsonSerializer.SerializeToUtf8Bytes(new Payload(
            ticket.RunId, ticket.Owner.User, ticket.Caller.Owner.Tenant, ticket.Caller.Owner.User, ticket.Caller.IsAdmin, expiresAt.ToUnixTimeSeconds()));
        var key = keys.Current;
        var signed = $"{key.Id:x16}.{WebEncoders.Base64UrlEncode(payload)}";
        return ($"{signed}.{WebEncoders.Base64UrlEncode(Mac(key, signed))}", expiresAt);
    }

    /// <summary>What a ticket says; null for one that is expired, or that was not issued here.</summary>
    public EventTicket? Read(string text)
    {
        if (text.Split('.') is not [var keyId, var encoded, var mac]
            || !ulong.TryParse(keyId, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id)
            || !keys.TryGet(id, out var key)
            || !IsMac(key, $"{keyId}.{encoded}", mac))
        {
            return null;
        }

        var payload = JsonSerializer.Deserialize<Payload>(WebEncoders.Base64UrlDecode(encoded))!;
        if (time.GetUtcNow().ToUnixTimeSeconds() >= payload.ExpiresAt)
        {
            return null;
        }

        var roles = payload.IsAdmin ? new HashSet<string> { Caller.AdminRole } : [];
        return new EventTicket(
            payload.RunId, new Owner(payload.Tenant, payload.RunUser), new Caller(new Owner(payload.Tenant, payload.User), roles));
    }

    private static bool IsMac(MasterKey key, string signed, string mac)
    {
        try
        {
            return CryptographicOperations.FixedTimeEquals(WebEncoders.Base64UrlDecode(mac), Mac(key, signed));
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static byte[] Mac(MasterKey key, string signed) => HMACSHA256.HashData(key.DeriveTicketKey(), System.Text.Encoding.ASCII.GetBytes(signed));

    /// <param name="ExpiresAt">Unix seconds.</param>
    private sealed record Payload(string RunId, string RunUser, string Tenant, string User, bool IsAdmin, long ExpiresAt);
}

/// <summary>What a ticket allows: this caller to read the events of this run of this owner.</summary>
/// <param name="Owner">Another user than the caller only for admins, whose tenant it is.</param>
public sealed record EventTicket(string RunId, Owner Owner, Caller Caller);
