using System.Text.Json;
using System.Xml.Linq;
using Yggdrasil.Contract.Tests;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Packages.Tests;

/// <summary><c>dotnet new yggdrasil</c> from a folder of packages, in a folder outside of the checkout.</summary>
[Collection(SharedFeed.Name)]
public sealed class TemplateTests(PackageFeed feed)
{
    private const string App = "orders";
    private const string Quiet = "quiet";

    /// <summary>What README asks of a newcomer, and what it promises: in this order, and each command once.</summary>
    [Fact]
    public async Task New_app_builds_passes_its_test_publishes_and_answers_a_run()
    {
        Assert.Equal(
            ["dotnet new install Yggdrasil.Templates", "dotnet new yggdrasil --name Orders --output orders", "cd orders && dotnet run --project src/Orders.LocalHost"],
            Assert.Single(DocumentBlocks.Of("README.md", "An app of your own", "sh")).TrimEnd().Split('\n'));
        await feed.NewAsync("yggdrasil", "--name", "Orders", "--output", App);
        var folder = Path.Combine(feed.Folder, App);

        await Programs.RunAsync(folder, "dotnet", "build", "--nologo", "--verbosity", Quiet, "--disable-build-servers");
        await Programs.RunAsync(folder, "dotnet", "test", "--no-build", "--nologo");
        await Programs.RunAsync(folder, "dotnet", "publish", "src/Orders", "--no-build", "--configuration", "Debug", "--output", "published", "--nologo", "--verbosity", Quiet);
        RequireDeployable(Path.Combine(folder, "published"));

        await using var app = await RunningApp.StartAsync(folder, "run", "--no-build", "--project", "src/Orders.LocalHost", "--", "--urls=http://127.0.0.1:0");
        foreach (var (command, answer) in new[]
        {
            (DocumentBlocks.Of("README.md", "Two commands", "sh")[1], "17*23 = 391"),
            (DocumentBlocks.Of("README.md", "Two commands", "sh")[1].Replace("What is 17*23, and what time is it in Oslo?", "Find order A-1042.", StringComparison.Ordinal), """find_order answered: {\"number\":\"A-1042\",\"status\":\"shipped\"}"""),
        })
        {
            var run = await Programs.RunAsync(folder, "bash", "-c", command.Replace("curl ", "curl --fail-with-body ", StringComparison.Ordinal).Replace("http://localhost:7071", app.Http.BaseAddress!.ToString().TrimEnd('/'), StringComparison.Ordinal));
            Assert.Contains("\"completed\"", run, StringComparison.Ordinal);
            Assert.Contains(answer, run, StringComparison.Ordinal);
        }

        Assert.Contains("<title>", await app.Http.GetStringAsync("/console/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Readme_shows_the_tool_of_the_template()
    {
        var folder = await CreateAsync("Shown");
        var source = await File.ReadAllTextAsync(Path.Combine(folder, "src", "Shown", "OrderTools.cs"));

        Assert.Equal(DocumentBlocks.Of("README.md", "Your first tool", "csharp")[0], source.Replace("namespace Shown;", "namespace Yggdrasil.Functions;", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Name_that_is_no_identifier_becomes_one_in_the_code()
    {
        var folder = await CreateAsync("Acme.Order-Desk");

        Assert.True(File.Exists(Path.Combine(folder, "src", "Acme.Order-Desk.LocalHost", "Acme.Order-Desk.LocalHost.csproj")));
        Assert.Contains("namespace Acme.Order_Desk;", await File.ReadAllTextAsync(Path.Combine(folder, "src", "Acme.Order-Desk", "OrderTools.cs")), StringComparison.Ordinal);
        Assert.Contains("project: ./src/Acme.Order-Desk\n", await File.ReadAllTextAsync(Path.Combine(folder, "azure.yaml")), StringComparison.Ordinal);
        Assert.DoesNotContain(
            Directory.GetFiles(folder, "*", SearchOption.AllDirectories), path => File.ReadAllText(path).Contains("Company.Agents", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_options_nobody_signs_in_on_this_machine()
    {
        var folder = await CreateAsync("Plain");

        var local = Read(folder, "src", "Plain", "local.settings.json").GetProperty("Values");
        Assert.Equal("Development", local.GetProperty("Auth__Mode").GetString());
        Assert.False(local.TryGetProperty("Auth__Authority", out _));
        Assert.False(Read(folder, "src", "Plain", "appsettings.json").TryGetProperty("Console", out _));
    }

    [Fact]
    public async Task Options_name_the_issuer_and_the_console()
    {
        var folder = await CreateAsync(
            "Signed", "--auth", "oidc", "--authority", "https://issuer.example", "--audience", "api://orders", "--console-client-id", "console-id");

        var local = Read(folder, "src", "Signed", "local.settings.json").GetProperty("Values");
        Assert.Equal(("https://issuer.example", "api://orders"), (local.GetProperty("Auth__Authority").GetString(), local.GetProperty("Auth__Audience").GetString()));
        Assert.False(local.TryGetProperty("Auth__Mode", out _));
        Assert.Equal("console-id", Read(folder, "src", "Signed", "appsettings.json").GetProperty("Console").GetProperty("ClientId").GetString());
        Assert.Contains("Authorization: Bearer", await File.ReadAllTextAsync(Path.Combine(folder, "README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Infrastructure_is_that_of_the_repository()
    {
        var folder = await CreateAsync("Deployed");
        var files = Directory.GetFiles(Checkout.PathOf("infra", "bicep"), "*", SearchOption.AllDirectories)
            .Concat(Directory.GetFiles(Checkout.PathOf("infra", "scripts"))).Select(path => Path.GetRelativePath(Checkout.Root, path)).ToList();

        Assert.All(files, file => Assert.Equal(
            File.ReadAllText(Checkout.PathOf(file)).Replace("${DEFAULT_MODEL=demo:assistant}", "${DEFAULT_MODEL=none}", StringComparison.Ordinal),
            File.ReadAllText(Path.Combine(folder, file)).TrimEnd() + '\n'));
        if (!OperatingSystem.IsWindows())
        {
            foreach (var script in Directory.GetFiles(Path.Combine(folder, "infra", "scripts"), "*.sh"))
            {
                Assert.True(File.GetUnixFileMode(script).HasFlag(UnixFileMode.UserExecute), script);
            }
        }
    }

    [Fact]
    public void Versions_of_other_packages_are_those_of_the_repository()
    {
        var own = Versions("Directory.Packages.props");
        var template = Versions("templates", "yggdrasil", "Directory.Packages.props").Where(package => !package.Key.StartsWith("Yggdrasil.", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(template);
        Assert.All(template, package => Assert.Equal((package.Key, own[package.Key]), (package.Key, package.Value)));
    }

    /// <summary>What the Functions host reads of a published app: the functions of the package, and the extensions that they need.</summary>
    private static void RequireDeployable(string published)
    {
        using var metadata = JsonDocument.Parse(File.ReadAllText(Path.Combine(published, "functions.metadata")));
        var expected = JsonDocument.Parse(File.ReadAllText(
            Checkout.PathOf("src", "Functions", "bin", PackageFeed.Configuration, "net10.0", "functions.metadata"))).RootElement;
        Assert.Equal(Names(expected), Names(metadata.RootElement));

        using var worker = JsonDocument.Parse(File.ReadAllText(Path.Combine(published, "worker.config.json")));
        Assert.Equal("Orders.dll", worker.RootElement.GetProperty("description").GetProperty("defaultWorkerPath").GetString());
        Assert.Equal(File.ReadAllText(Checkout.PathOf("src", "Functions", "host.json")), File.ReadAllText(Path.Combine(published, "host.json")));
        Assert.True(File.Exists(Path.Combine(published, "extensions.json")));
        Assert.True(File.Exists(Path.Combine(published, "appsettings.json")));
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(published, ".azurefunctions"), "Microsoft.Azure.WebJobs.Extensions.DurableTask.dll"));
        Assert.False(File.Exists(Path.Combine(published, "local.settings.json")));

        static IEnumerable<string> Names(JsonElement functions) =>
            functions.EnumerateArray().Select(function => function.GetProperty("name").GetString()!).Order(StringComparer.Ordinal);
    }

    private async Task<string> CreateAsync(string name, params string[] options)
    {
        await feed.NewAsync(["yggdrasil", "--name", name, "--output", name, .. options]);
        return Path.Combine(feed.Folder, name);
    }

    private static JsonElement Read(params string[] path) => JsonDocument.Parse(File.ReadAllText(Path.Combine(path))).RootElement;

    private static Dictionary<string, string> Versions(params string[] path) => XDocument.Load(Checkout.PathOf(path)).Descendants("PackageVersion")
        .ToDictionary(package => package.Attribute("Include")!.Value, package => package.Attribute("Version")!.Value);
}
