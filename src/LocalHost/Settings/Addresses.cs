namespace Yggdrasil.LocalHost.Settings;

/// <summary>Where this host is told to listen.</summary>
internal static class Addresses
{
    /// <summary>The problems of the setting, which Kestrel would otherwise report alone and after everything has started.</summary>
    public static IEnumerable<string> Problems(IConfiguration configuration) =>
        (configuration[WebHostDefaults.ServerUrlsKey] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries).All(IsAddress)
            ? []
            : ["ASPNETCORE_URLS (or --urls) must hold addresses such as http://127.0.0.1:7071, separated by semicolons."];

    private static bool IsAddress(string text)
    {
        try
        {
            return BindingAddress.Parse(text).Scheme is "http" or "https";
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
