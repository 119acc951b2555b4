using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Settings;

namespace Yggdrasil.Tools.Egress;

/// <summary>Fails the start on a setting that would be ignored or that would open the internal network.</summary>
/// <param name="environment">A host that does not say what environment it runs in is not taken for Development.</param>
internal sealed class HttpToolOptionsValidator(IHostEnvironment? environment = null) : IValidateOptions<HttpToolOptions>
{
    public ValidateOptionsResult Validate(string? name, HttpToolOptions options)
    {
        var failures = new List<string>();
        for (var index = 0; index < options.AllowedHosts.Count; index++)
        {
            if (!AllowedHost.TryParse(options.AllowedHosts[index], out _))
            {
                // Not shown: people paste whole addresses here, and those may hold a password.
                failures.Add(
                    $"{SettingNames.Of(HttpToolOptions.Section)}__AllowedHosts__{index} must be one exact host with an optional "
                    + "port, such as api.example.com or api.example.com:8443.");
            }
        }

        if (options.AllowPrivateNetworks && environment?.IsDevelopment() != true)
        {
            failures.Add(
                $"{SettingNames.Of(HttpToolOptions.Section)}__AllowPrivateNetworks is true; outside the Development environment "
                + "it must be false or absent.");
        }

        return failures.Count > 0 ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
    }
}
