namespace Yggdrasil.Protection.Secrets;

/// <summary>The vault that holds the app's secrets. Section <c>KeyVault</c>.</summary>
public sealed class KeyVaultOptions
{
    public const string Section = "KeyVault";

    /// <summary>The vault's https address, <c>https://name.vault.azure.net</c>; absent means settings alone.</summary>
    public string? Uri { get; set; }

    /// <summary>The client id of a user-assigned identity; absent means the system-assigned one, or a developer's own.</summary>
    public string? ClientId { get; set; }

    /// <summary>Seconds between refreshes: how long a rotated secret may take to arrive. 10 to 86,400, default 300.</summary>
    public int RefreshSeconds { get; set; } = 300;

    internal TimeSpan Refresh => TimeSpan.FromSeconds(RefreshSeconds);

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        // The client sends its token there: anything but TLS would hand it to whoever listens.
        if (Uri is { Length: > 0 }
            && !(System.Uri.TryCreate(Uri, UriKind.Absolute, out var uri) && uri.Scheme == System.Uri.UriSchemeHttps
                && uri is { UserInfo.Length: 0, AbsolutePath: "/", Query.Length: 0 }))
        {
            yield return "KeyVault__Uri must be the https address of a vault, such as https://name.vault.azure.net.";
        }

        if (RefreshSeconds is < 10 or > 86_400)
        {
            yield return "KeyVault__RefreshSeconds must be between 10 and 86400.";
        }
    }
}
