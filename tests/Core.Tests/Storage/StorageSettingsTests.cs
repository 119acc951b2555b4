using Microsoft.Extensions.Configuration;
using Yggdrasil.Storage;

namespace Yggdrasil.Tests.Storage;

public sealed class StorageSettingsTests
{
    private const string Missing =
        "AzureWebJobsStorage is missing: it must be a storage connection string, or AzureWebJobsStorage__accountName must name a storage account.";

    [Theory]
    [InlineData("", Missing)]
    [InlineData("AzureWebJobsStorage=", Missing)]
    [InlineData("AzureWebJobsStorage=AccountName=x;AccountKey=secret", "AzureWebJobsStorage is not a storage connection string (its value is not shown).")]
    [InlineData("AzureWebJobsStorage=secret", "AzureWebJobsStorage is not a storage connection string (its value is not shown).")]
    [InlineData("AzureWebJobsStorage=AccountName=x;AccountKey=no base64!;EndpointSuffix=core.windows.net", "AzureWebJobsStorage is not a storage connection string (its value is not shown).")]
    [InlineData("AzureWebJobsStorage:accountName=My_Account", "AzureWebJobsStorage__accountName must be the name of a storage account: 3 to 24 lower-case letters and digits.")]
    [InlineData(
        "AzureWebJobsStorage:tableServiceUri=https://x.table.core.windows.net",
        "AzureWebJobsStorage__blobServiceUri must be the https address of the account's service.",
        "AzureWebJobsStorage__queueServiceUri must be the https address of the account's service.")]
    public void Wrong_setting_is_named_without_its_value(string setting, params string[] problems) =>
        Assert.Equal(problems, Problems(setting));

    [Theory]
    [InlineData("AzureWebJobsStorage=UseDevelopmentStorage=true")]
    [InlineData("AzureWebJobsStorage=DefaultEndpointsProtocol=https;AccountName=x;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net")]
    [InlineData("AzureWebJobsStorage:accountName=account1")]
    [InlineData(
        "AzureWebJobsStorage:tableServiceUri=https://x.table.core.windows.net",
        "AzureWebJobsStorage:blobServiceUri=https://x.blob.core.windows.net",
        "AzureWebJobsStorage:queueServiceUri=https://x.queue.core.windows.net")]
    public void Right_settings_pass(params string[] settings) => Assert.Empty(Problems(settings));

    private static IEnumerable<string> Problems(params string[] settings) =>
        StorageSettings.Problems(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => setting.Split('=', 2)).Where(parts => parts.Length == 2)
                .Select(parts => KeyValuePair.Create(parts[0], (string?)parts[1])))
            .Build());
}
