using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Configuration;

namespace Yggdrasil.Storage;

/// <summary>The rules of <c>AzureWebJobsStorage</c>, checked at start: <see cref="StorageClients"/> is made when first needed.</summary>
internal static class StorageSettings
{
    private const string Setting = StorageClients.Setting;

    /// <summary>What is wrong, by setting; never the connection string, which holds the account's key.</summary>
    public static IEnumerable<string> Problems(IConfiguration configuration)
    {
        if (configuration[Setting] is { Length: > 0 } connectionString)
        {
            return IsConnectionString(connectionString) ? [] : [$"{Setting} is not a storage connection string (its value is not shown)."];
        }

        var section = configuration.GetSection(Setting);
        if (section["accountName"] is { Length: > 0 } account)
        {
            return account.Length is >= 3 and <= 24 && account.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter))
                ? ServiceUriProblems(section, required: false)
                : [$"{Setting}__accountName must be the name of a storage account: 3 to 24 lower-case letters and digits."];
        }

        return section["tableServiceUri"] is null && section["blobServiceUri"] is null && section["queueServiceUri"] is null
            ? [$"{Setting} is missing: it must be a storage connection string, or {Setting}__accountName must name a storage account."]
            : ServiceUriProblems(section, required: true);
    }

    private static IEnumerable<string> ServiceUriProblems(IConfigurationSection section, bool required) =>
        from key in (string[])["tableServiceUri", "blobServiceUri", "queueServiceUri"]
        let value = section[key]
        where string.IsNullOrEmpty(value) ? required : !(Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps)
        select $"{Setting}__{key} must be the https address of the account's service.";

    private static bool IsConnectionString(string text)
    {
        try
        {
            _ = (new TableServiceClient(text), new BlobServiceClient(text));
            return true;
        }
        catch (Exception unfit) when (unfit is FormatException or ArgumentException or InvalidOperationException or KeyNotFoundException)
        {
            return false;
        }
    }
}
