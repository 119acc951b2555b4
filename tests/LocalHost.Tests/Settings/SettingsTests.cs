using Microsoft.Extensions.Configuration;
using Yggdrasil.LocalHost.Hosting;
using Yggdrasil.LocalHost.Settings;

namespace Yggdrasil.LocalHost.Tests.Settings;

public sealed class SettingsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Values_of_local_settings_are_read_with_sections()
    {
        var path = _folder.Write("local.settings.json", """
            { // as Core Tools writes it
              "IsEncrypted": false,
              "Values": { "Providers__openai__ApiKey": "key", "Flag": true, "Number": 5, "Nothing": null }, }
            """);

        var values = LocalSettingsFile.Read(path);

        Assert.Equal("key", values["Providers:openai:ApiKey"]);
        Assert.Equal("true", values["Flag"]);
        Assert.Equal("5", values["Number"]);
        Assert.Null(values["Nothing"]);
    }

    [Theory]
    [InlineData("""{ "IsEncrypted": true, "Values": {} }""", "is encrypted")]
    [InlineData("""{ "Values": { "List": [1] } }""", "the value of List is not a string")]
    [InlineData("""{ "Values": """, "is not valid")]
    [InlineData("[]", "is not valid")]
    public void Local_settings_that_cannot_be_read_are_refused(string text, string reason)
    {
        var path = _folder.Write("local.settings.json", text);

        var refused = Assert.Throws<LocalHostException>(() => LocalSettingsFile.Read(path));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_line_outranks_environment_and_environment_outranks_local_settings()
    {
        Environment.SetEnvironmentVariable("SettingsTests__Both", "environment");
        Environment.SetEnvironmentVariable("SettingsTests__All", "environment");
        IConfiguration? seen = null;
        var setup = new LocalHostSetup
        {
            Args =
            [
                "--urls=http://127.0.0.1:0", "--AzureWebJobsStorage=unused", "--SettingsTests:All=command line",
                $"--LocalHost:DataPath={_folder.FullPath}/data",
            ],
            FunctionTypes = [],
            ConfigureServices = (_, configuration) => seen = configuration,
            SettingsPath = _folder.Write("local.settings.json", """
                { "Values": { "SettingsTests__File": "file", "SettingsTests__Both": "file", "SettingsTests__All": "file" } }
                """),
            ReadEnvironment = _ => null,
        };

        await using var application = await LocalHostApplication.CreateAsync(setup);

        Assert.Equal("file", seen!["SettingsTests:File"]);
        Assert.Equal("environment", seen["SettingsTests:Both"]);
        Assert.Equal("command line", seen["SettingsTests:All"]);
    }

    [Theory]
    [InlineData("{}", "api", 16, 8, 5)]
    [InlineData("""{ "version": "2.0", "extensions": { "queues": { "batchSize": 4, "newBatchThreshold": 1 } } }""", "api", 4, 1, 5)]
    [InlineData("""{ "extensions": { "http": { "routePrefix": "" }, "queues": { "maxDequeueCount": 3 } } }""", "", 16, 8, 3)]
    public void Host_json_has_the_defaults_of_the_genuine_host(
        string text, string prefix, int batch, int refillAt, int maxDequeueCount)
    {
        var extensions = HostJson.Read(_folder.Write("host.json", text)).Extensions;

        Assert.Equal(prefix, extensions.Http.RoutePrefix);
        Assert.Equal(
            (batch, refillAt, maxDequeueCount),
            (extensions.Queues.BatchSize, extensions.Queues.RefillAt, extensions.Queues.MaxDequeueCount));
    }

    [Theory]
    [InlineData("""{ "extensions": { "queues": { "batchSize": 33 } } }""", "extensions.queues.batchSize must be 1 to 32")]
    [InlineData("""{ "extensions": { "queues": { "maxPollingInterval": "00:02:00" } } }""", "maxPollingInterval must be")]
    [InlineData("""{ "extensions": { "queues": { "maxDequeueCount": 0 } } }""", "maxDequeueCount must be at least 1")]
    [InlineData("""{ "extensions": { "queues": { "messageEncoding": "rot13" } } }""", "is not valid")]
    [InlineData("""{ "extensions": null }""", "is not valid")]
    [InlineData("{", "is not valid")]
    public void Host_json_out_of_range_is_refused(string text, string reason)
    {
        var path = _folder.Write("host.json", text);

        var refused = Assert.Throws<LocalHostException>(() => HostJson.Read(path));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ASPNETCORE_ENVIRONMENT")]
    [InlineData("DOTNET_ENVIRONMENT")]
    [InlineData("AZURE_FUNCTIONS_ENVIRONMENT")]
    public void Any_other_environment_than_development_is_refused(string variable)
    {
        var refused = Assert.Throws<LocalHostException>(
            () => LocalEnvironment.Require(name => name == variable ? "Staging" : null));

        Assert.Contains($"{variable} is Staging", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("development")]
    public void No_environment_means_development(string? value) =>
        Assert.Equal("Development", LocalEnvironment.Require(_ => value));

    [Fact]
    public void Data_folder_is_open_in_one_place_at_a_time()
    {
        using (DataFolder.Open(_folder.FullPath))
        {
            var refused = Assert.Throws<LocalHostException>(() => DataFolder.Open(_folder.FullPath));

            Assert.Contains("LocalHost__DataPath", refused.Message, StringComparison.Ordinal);
        }

        using var again = DataFolder.Open(_folder.FullPath);
        Assert.Equal(Path.Combine(_folder.FullPath, "orchestrations.db"), again.OrchestrationsPath);
    }

    [Fact]
    public void Placeholder_is_replaced_by_the_setting_or_refused()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("Queues:Prompts", "prompts")])
            .Build();

        Assert.Equal("dev-prompts", Placeholders.Resolve("dev-%Queues__Prompts%", configuration));
        var refused = Assert.Throws<LocalHostException>(() => Placeholders.Resolve("%Missing%", configuration));
        Assert.Contains("setting Missing", refused.Message, StringComparison.Ordinal);
    }
}
