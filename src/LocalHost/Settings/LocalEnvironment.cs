using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Settings;

/// <summary>Development, or nothing: this host has no keys, no scale and no isolation.</summary>
internal static class LocalEnvironment
{
    private static readonly string[] Variables =
        ["ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT", "AZURE_FUNCTIONS_ENVIRONMENT"];

    /// <summary>Answers <c>Development</c> where every variable agrees or is absent.</summary>
    /// <exception cref="LocalHostException">A variable names another environment.</exception>
    public static string Require(Func<string, string?> read)
    {
        foreach (var variable in Variables)
        {
            if (read(variable) is { Length: > 0 } value &&
                !value.Equals(Environments.Development, StringComparison.OrdinalIgnoreCase))
            {
                throw new LocalHostException(
                    $"LocalHost is for development only and {variable} is {value}. Unset it, or deploy src/Functions.");
            }
        }

        return Environments.Development;
    }
}
