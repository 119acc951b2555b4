namespace Yggdrasil.Foundation.Settings;

/// <summary>Which web pages of other origins may call this API from a browser. Section <c>Cors</c>.</summary>
public sealed class CrossOriginOptions
{
    public const string Section = "Cors";

    /// <summary>Origins as browsers send them, such as <c>https://app.example.com</c>. Empty: none.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; set; } = [];

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (index, origin) in AllowedOrigins.Index())
        {
            if (!IsOrigin(origin))
            {
                yield return $"Cors__AllowedOrigins__{index} must be an origin, such as https://app.example.com: "
                    + "http or https, a host in lower case, a port unless it is the usual one, and nothing after it.";
            }
        }
    }

    private static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp)
        && uri.UserInfo.Length == 0
        && uri.GetLeftPart(UriPartial.Authority) == text;
}
