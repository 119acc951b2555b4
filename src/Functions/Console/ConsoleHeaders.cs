namespace Yggdrasil.Functions.Console;

/// <summary>What browsers are told to refuse the console's pages.</summary>
internal static class ConsoleHeaders
{
    /// <param name="authority">The issuer that the page asks for tokens; null where it signs nobody in.</param>
    public static void Write(HttpResponse response, string? authority)
    {
        var issuer = authority is null ? "" : $" {new Uri(authority).GetLeftPart(UriPartial.Authority)}";
        response.Headers.ContentSecurityPolicy =
            "default-src 'none'; script-src 'self'; style-src 'self'; "
            + $"connect-src 'self'{issuer}; img-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
            + "require-trusted-types-for 'script'; trusted-types 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        response.Headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
    }
}
