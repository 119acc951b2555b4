namespace Yggdrasil.Operations.Health.Alerts;

/// <summary>Where alerts are posted, and when. Section <c>Alerts</c>.</summary>
public sealed class AlertOptions
{
    public const string Section = "Alerts";

    private const int LargestWindow = 30;

    /// <summary>Where alerts are posted; unset for nowhere but the log. Slack's and Teams' incoming webhooks understand them.</summary>
    public string? WebhookUrl { get; set; }

    /// <summary>Base64, with or without <c>whsec_</c>: signs what is posted (Standard Webhooks); unset for plain posts.</summary>
    public string? WebhookSecret { get; set; }

    /// <summary>The last checks, one a minute, that are looked at; 1 to 30.</summary>
    public int Window { get; set; } = 5;

    /// <summary>How many of these have to fail to raise an alert; 1 to <see cref="Window"/>.</summary>
    public int Failures { get; set; } = 3;

    /// <summary>Good checks one after the other that clear it; 1 to <see cref="Window"/>.</summary>
    public int Successes { get; set; } = 3;

    /// <summary>What is wrong, each entry naming a setting in full.</summary>
    public IEnumerable<string> Problems()
    {
        if (WebhookUrl is { Length: > 0 } url
            && !(Uri.TryCreate(url, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))))
        {
            yield return $"{Section}__{nameof(WebhookUrl)} must be an https address, or http of this machine.";
        }

        if (WebhookSecret is { Length: > 0 } && KeyOf(WebhookSecret) is null)
        {
            yield return $"{Section}__{nameof(WebhookSecret)} must be Base64 of 24 bytes or more.";
        }

        if (Window is < 1 or > LargestWindow)
        {
            yield return $"{Section}__{nameof(Window)} must be 1 to {LargestWindow}.";
        }

        if (Failures < 1 || Failures > Window)
        {
            yield return $"{Section}__{nameof(Failures)} must be 1 to {Section}__{nameof(Window)}.";
        }

        if (Successes < 1 || Successes > Window)
        {
            yield return $"{Section}__{nameof(Successes)} must be 1 to {Section}__{nameof(Window)}.";
        }
    }

    /// <summary>The key within a secret; null when it is none.</summary>
    internal static byte[]? KeyOf(string secret)
    {
        const string Prefix = "whsec_";
        var text = secret.StartsWith(Prefix, StringComparison.Ordinal) ? secret[Prefix.Length..] : secret;
        var key = new byte[text.Length];
        return Convert.TryFromBase64String(text, key, out var length) && length >= 24 ? key[..length] : null;
    }
}
