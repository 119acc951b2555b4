using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Yggdrasil.Client.Sending;

namespace Yggdrasil.Client;

/// <summary>Verifies callbacks by their signature, as Standard Webhooks 1.0.0 says.</summary>
/// <remarks>A message may come twice, with the same <see cref="IdHeader"/>: who acts on it remembers the ids.</remarks>
public sealed class CallbackVerifier
{
    /// <summary>The header with the message's id, the same for every attempt.</summary>
    public const string IdHeader = "webhook-id";

    /// <summary>The header with the time of the attempt, in seconds since 1970.</summary>
    public const string TimestampHeader = "webhook-timestamp";

    /// <summary>The header with the signatures.</summary>
    public const string SignatureHeader = "webhook-signature";

    private const string SecretPrefix = "whsec_";
    private const string SignaturePrefix = "v1,";
    private const int MaxSignatures = 16;
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    private readonly byte[] _key;
    private readonly TimeProvider _time;

    /// <param name="secret">As <c>PUT /api/callback-secret</c> answered or was given it, <c>whsec_…</c>.</param>
    /// <param name="time">Tells how old a message is; null for the system's clock.</param>
    /// <exception cref="ArgumentException">It is no secret.</exception>
    public CallbackVerifier(string secret, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(secret);
        var encoded = secret.StartsWith(SecretPrefix, StringComparison.Ordinal) ? secret[SecretPrefix.Length..] : secret;
        var key = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, key, out var length) || length is < 24 or > 64)
        {
            throw new ArgumentException("A callback secret is the Base64 of 24 to 64 bytes, with or without whsec_ before it.", nameof(secret));
        }

        (_key, _time) = (key[..length], time ?? TimeProvider.System);
    }

    /// <summary>The message, once its signature and its age are verified.</summary>
    /// <param name="body">As it came, byte for byte.</param>
    /// <param name="header">The value of a header of the request; null where it has none.</param>
    /// <exception cref="CallbackVerificationException">It is not from who has the secret, or too old: answer 400.</exception>
    public CallbackMessage Verify(ReadOnlySpan<byte> body, Func<string, string?> header)
    {
        ArgumentNullException.ThrowIfNull(header);
        var (id, timestamp, signatures) = (Required(header, IdHeader), Required(header, TimestampHeader), Required(header, SignatureHeader));
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs((decimal)seconds - _time.GetUtcNow().ToUnixTimeSeconds()) > (decimal)Tolerance.TotalSeconds)
        {
            throw new CallbackVerificationException($"{TimestampHeader} is not within five minutes of now.");
        }

        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        var expected = HMACSHA256.HashData(_key, signed);
        if (!signatures.Split(' ', MaxSignatures + 1).Take(MaxSignatures).Any(signature => IsSignature(signature, expected)))
        {
            throw new CallbackVerificationException($"No signature of {SignatureHeader} was made with this secret.");
        }

        try
        {
            return JsonSerializer.Deserialize(body, ClientJson.Default.CallbackMessage) ?? throw new CallbackVerificationException("The body is no message.");
        }
        catch (JsonException)
        {
            throw new CallbackVerificationException("The body is no message.");
        }
    }

    private static bool IsSignature(string signature, byte[] expected)
    {
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        return signature.StartsWith(SignaturePrefix, StringComparison.Ordinal)
            && Convert.TryFromBase64String(signature[SignaturePrefix.Length..], given, out var length)
            && CryptographicOperations.FixedTimeEquals(given[..length], expected);
    }

    private static string Required(Func<string, string?> header, string name) =>
        header(name) is { Length: > 0 } value ? value : throw new CallbackVerificationException($"The header {name} is missing.");
}

/// <summary>A callback is not to be believed.</summary>
public sealed class CallbackVerificationException : Exception
{
    internal CallbackVerificationException(string message)
        : base(message)
    {
    }
}
