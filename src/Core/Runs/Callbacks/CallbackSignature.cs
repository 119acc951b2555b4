using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Yggdrasil.Runs.Callbacks;

/// <summary>Signs messages as Standard Webhooks 1.0.0 says: HMAC-SHA256 of <c>id.timestamp.body</c>.</summary>
internal static class CallbackSignature
{
    /// <summary>The value of <c>webhook-signature</c>: one signature for each secret, so that receivers can change theirs in their own time.</summary>
    public static string Sign(IEnumerable<string> secrets, string messageId, DateTimeOffset sentAt, string body)
    {
        var signed = Encoding.UTF8.GetBytes($"{messageId}.{Timestamp(sentAt)}.{body}");
        return string.Join(' ', secrets.Select(secret => $"v1,{Convert.ToBase64String(HMACSHA256.HashData(CallbackSecret.KeyOf(secret), signed))}"));
    }

    /// <summary>The value of <c>webhook-timestamp</c>.</summary>
    public static string Timestamp(DateTimeOffset sentAt) => sentAt.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
}
