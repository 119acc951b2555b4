using System.Security.Cryptography;

namespace Yggdrasil.Runs.Callbacks;

/// <summary>A secret that messages are signed with, as Standard Webhooks writes it: <c>whsec_</c> and Base64 of 24 to 64 bytes.</summary>
public static class CallbackSecret
{
    public const string Rule = "Must be whsec_ followed by Base64 of 24 to 64 random bytes.";

    private const string Prefix = "whsec_";
    private const int MinBytes = 24;
    private const int MaxBytes = 64;
    private const int NewBytes = 32;

    public static string New() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(NewBytes));

    public static bool IsValid(string? secret) => TryRead(secret, out _);

    /// <exception cref="FormatException">It is not a secret; see <see cref="Rule"/>.</exception>
    internal static byte[] KeyOf(string secret) => TryRead(secret, out var key) ? key : throw new FormatException(Rule);

    private static bool TryRead(string? secret, out byte[] key)
    {
        key = [];
        if (secret is null || secret.Length > 200 || !secret.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var buffer = new byte[secret.Length];
        if (!Convert.TryFromBase64Chars(secret.AsSpan(Prefix.Length), buffer, out var length) || length is < MinBytes or > MaxBytes)
        {
            return false;
        }

        key = buffer[..length];
        return true;
    }
}
