using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Yggdrasil.Identity;
using Yggdrasil.Protection.Secrets;
using Yggdrasil.Redaction;

namespace Yggdrasil.Runs.Events;

/// <summary>
/// Tickets for those who cannot send a header, which browsers' <c>EventSource</c> cannot: for a few minutes they stand for
/// their caller, where the events of one run are read and nowhere else.
/// </summary>
/// <remarks>
/// <c>ygt_</c> and, as one Base64url, <c>key id (8) | HMAC-SHA256 (32) | payload</c>, under a key of its own derived from the
/// master key. Nothing is stored, so every instance reads them, and none can be taken back but by locking its caller out.
/// Log messages are searched for the prefix, because addresses end up in logs.
/// </remarks>
public sealed class EventTickets(MasterKeyRing keys, TimeProvider time)
{
    public const string Prefix = OwnTokens.EventTicket;
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private const int KeyIdBytes = sizeof(ulong);

    /// <exception cref="SecretUnavailableException">There is no key.</exception>
    public (string Ticket, DateTimeOffset ExpiresAt) Issue(EventTicket ticket)
    {
        // Whole seconds, as callers are told.
        var expiresAt = DateTimeOffset.FromUnixTimeSeconds((time.GetUtcNow() + Lifetime).ToUnixTimeSeconds());
        var payload = JsonSerializer.SerializeToUtf8Bytes(new Payload(
            ticket.RunId,
            ticket.Owner.User,
            ticket.Caller.Owner.Tenant,
            ticket.Caller.Owner.User,
            ticket.Caller.IsAdmin,
            expiresAt.ToUnixTimeSeconds(),
            ticket.Caller.Key?.Id));
        var key = keys.Current;
        var bytes = new byte[KeyIdBytes + HMACSHA256.HashSizeInBytes + payload.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, key.Id);
        HMACSHA256.HashData(key.DeriveTicketKey(), payload, bytes.AsSpan(KeyIdBytes));
        payload.CopyTo(bytes.AsSpan(KeyIdBytes + HMACSHA256.HashSizeInBytes));
        return (Prefix + WebEncoders.Base64UrlEncode(bytes), expiresAt);
    }

    /// <summary>What a ticket says; null for one that is expired, or that was not issued here.</summary>
    public EventTicket? Read(string ticket)
    {
        if (!ticket.StartsWith(Prefix, StringComparison.Ordinal) || Authentic(ticket[Prefix.Length..]) is not { } payload)
        {
            return null;
        }

        var roles = payload.IsAdmin ? new HashSet<string> { Caller.AdminRole } : [];
        return time.GetUtcNow().ToUnixTimeSeconds() < payload.ExpiresAt
            ? new EventTicket(
                payload.RunId, new Owner(payload.Tenant, payload.RunUser), CallerOf(payload, roles))
            : null;
    }

    private static Caller CallerOf(Payload payload, IReadOnlySet<string> roles) => new(new Owner(payload.Tenant, payload.User), roles)
    {
        // What the key is for was looked at when the ticket was issued.
        Key = payload.KeyId is { } key ? new CallerKey(key) : null,
    };

    private Payload? Authentic(string encoded)
    {
        ReadOnlySpan<byte> bytes;
        try
        {
            bytes = WebEncoders.Base64UrlDecode(encoded);
        }
        catch (FormatException)
        {
            return null;
        }

        if (bytes.Length < KeyIdBytes + HMACSHA256.HashSizeInBytes || !keys.TryGet(BinaryPrimitives.ReadUInt64LittleEndian(bytes), out var key))
        {
            return null;
        }

        var payload = bytes[(KeyIdBytes + HMACSHA256.HashSizeInBytes)..];
        var mac = HMACSHA256.HashData(key.DeriveTicketKey(), payload);
        return CryptographicOperations.FixedTimeEquals(mac, bytes.Slice(KeyIdBytes, mac.Length)) ? JsonSerializer.Deserialize<Payload>(payload) : null;
    }

    /// <param name="ExpiresAt">Unix seconds.</param>
    /// <param name="KeyId">The API key that its caller came with: the ticket ends with it.</param>
    private sealed record Payload(string RunId, string RunUser, string Tenant, string User, bool IsAdmin, long ExpiresAt, string? KeyId = null);
}

/// <summary>What a ticket allows: one caller reads the events of one run of one owner.</summary>
/// <param name="Owner">Another user than the caller only for admins, whose tenant it is.</param>
public sealed record EventTicket(string RunId, Owner Owner, Caller Caller);
