using System.Text.Json.Nodes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Infra.Tests.Bicep;

/// <summary>The settings of a deployed app, held against the product's own validation at start.</summary>
[Collection(SharedDeployment.Name)]
public sealed class AppSettingsTests(DeploymentFixture deployment)
{
    /// <summary>Settings of the platform, the Functions host and Azure's SDKs; all others must be the product's.</summary>
    private static readonly string[] Foreign =
    [
        "AZURE_CLIENT_ID", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "AzureWebJobsDisableHomepage", "AzureWebJobsStorage__accountName", "AzureWebJobsStorage__clientId", "AzureWebJobsStorage__credential",
        "DURABLE_TASK_SCHEDULER_CONNECTION_STRING", "WEBSITE_USE_PLACEHOLDER_DOTNETISOLATED",
    ];

    private const string HostJson = "AzureFunctionsJobHost__";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_app_starts_with_its_settings(bool most) => ProductSettings.Validate(Settings(most), Environments.Production);

    [Fact]
    public void Settings_that_were_given_by_name_are_there_and_win_over_those_of_the_template()
    {
        var settings = Settings(most: true);
        Assert.Equal(
            ("access", "100000", "1+1=2"),
            (settings["Auth__RequiredScopes__0"], settings["Limits__TokensPerDay"], settings["Agents__0__Description"]));
        Assert.DoesNotContain("Auth__RequiredScopes__0", Settings(most: false).Keys);
    }

    [Fact]
    public void App_that_brings_agents_of_its_own_is_given_none()
    {
        Assert.Equal("assistant", Settings(most: false)["Agents__0__Id"]);
        Assert.DoesNotContain(Settings(deployment.Open).Keys, name => name.StartsWith("Agents__", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Auth__Audience", "", "Auth__Audience")]
    [InlineData("KeyVault__Uri", "http://vault", "KeyVault__Uri")]
    [InlineData("KeyVault__Url", "https://vault.example", "KeyVault__Url")]
    [InlineData("AzureWebJobsStorage__accountName", "Not_An_Account", "AzureWebJobsStorage__accountName")]
    [InlineData("Agents__0__Model", "nobody:knows", "Agents__0__Model")]
    public void A_wrong_setting_would_be_noticed(string name, string value, string named)
    {
        var settings = Settings(most: true);
        settings[name] = value;
        Assert.Contains(named, Assert.ThrowsAny<OptionsValidationException>(() => ProductSettings.Validate(settings, Environments.Production)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_setting_belongs_to_somebody(bool most) => Assert.All(
        Settings(most).Keys.Except(Foreign).Where(name => !name.StartsWith(HostJson, StringComparison.Ordinal)),
        name => Assert.Contains(ProductSettings.Sections, section => name.StartsWith($"{section}__", StringComparison.Ordinal)));

    [Fact]
    public void Settings_over_host_json_are_where_host_json_has_them()
    {
        var host = JsonNode.Parse(Repository.Read("src", "Functions", "host.json"));
        var paths = Settings(most: true).Keys.Where(name => name.StartsWith(HostJson, StringComparison.Ordinal))
            .Select(name => name[HostJson.Length..].Split("__")).ToList();
        Assert.Equal(3, paths.Count);
        // The scheduler's connection has no counterpart: it is beside "type".
        Assert.All(paths.Select(path => path[^1] == "connectionStringName" ? [.. path[..^1], "type"] : path), path =>
            Assert.NotNull(path.Aggregate(host, (node, part) => node?[part])));
    }

    [Fact]
    public void No_setting_holds_a_secret() => Assert.DoesNotContain(
        Settings(most: true).Keys,
        name => name.EndsWith("Key", StringComparison.OrdinalIgnoreCase) || name.StartsWith("Protection__", StringComparison.Ordinal));

    [Theory]
    [InlineData("ensure-content-key.sh", "name={0}\n")]
    [InlineData("ensure-content-key.ps1", "$name = '{0}'\n")]
    public void The_key_that_provisioning_makes_is_the_one_that_the_app_reads(string script, string line) => Assert.Contains(
        string.Format(System.Globalization.CultureInfo.InvariantCulture, line, SecretName.ContentProtectionKey.Secret),
        Repository.Read("infra", "scripts", script), StringComparison.Ordinal);

    private Dictionary<string, string?> Settings(bool most) => Settings(deployment.Resources(most));

    private static Dictionary<string, string?> Settings(IReadOnlyList<JsonObject> resources)
    {
        var resource = resources.OfType("Microsoft.Web/sites/config").Single(config => config.Name().EndsWith("/appsettings", StringComparison.Ordinal));
        var expression = new ArmExpression(Referenced);
        return resource["properties"]!.AsObject().ToDictionary(pair => pair.Key, pair => expression.Evaluate(pair.Value!.GetValue<string>())?.ToString());
    }

    /// <summary>What resources answer with once they are there.</summary>
    private static string Referenced(string type, string property) => (type, property) switch
    {
        ("Microsoft.ManagedIdentity/userAssignedIdentities", "clientId") => "22222222-2222-2222-2222-222222222222",
        ("Microsoft.Insights/components", "ConnectionString") => "InstrumentationKey=33333333-3333-3333-3333-333333333333;IngestionEndpoint=https://swedencentral-0.in.applicationinsights.azure.com/",
        ("Microsoft.KeyVault/vaults", "vaultUri") => "https://kv-test.vault.azure.net/",
        ("Microsoft.DurableTask/schedulers", "endpoint") => "https://dts-test.swedencentral.durabletask.io",
        _ => throw new InvalidOperationException($"{type} {property}"),
    };
}
