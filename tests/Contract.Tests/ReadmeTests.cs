using System.Text.RegularExpressions;
using Yggdrasil.Contract.Tests.OpenApi;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Does with README.md what its readers do: sends the first request, pastes the first tool, and runs the first client.</summary>
public sealed partial class ReadmeTests : IAsyncLifetime
{
    private const string StartSection = "Two commands";
    private const string ClientSection = "Your first client";
    private const string ToolSection = "Your first tool";

    private static readonly string[] CopiedProjects = ["Functions", "LocalHost"];
    private static readonly string[] BuildFiles =
        ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", ".editorconfig", "global.json"];

    private readonly string _folder = Directory.CreateTempSubdirectory("yggdrasil-readme-").FullName;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => TestFolder.DeleteAsync(_folder);

    [Fact]
    public async Task First_request_and_first_client_are_answered()
    {
        await using var host = await LocalHostProcess.StartAsync(Path.Combine(_folder, "data"), new Dictionary<string, string>());

        var curl = await ShellAsync(Blocks(StartSection, "sh")[1], host);
        Assert.Contains("391", curl, StringComparison.Ordinal);
        Assert.Contains("\"completed\"", curl, StringComparison.Ordinal);
        Assert.Equal("completed 17*23 = 391.\n", await ClientTools.TypeScriptAsync(host.Local(Assert.Single(Blocks(ClientSection, "ts")))));
    }

    [Fact]
    public async Task First_tool_compiles_as_pasted_and_is_called()
    {
        var app = CopyApp();
        var (tool, registration) = (Blocks(ToolSection, "csharp")[0], Blocks(ToolSection, "csharp")[1]);
        await File.WriteAllTextAsync(Path.Combine(app, "Functions", "OrderTools.cs"), tool);
        await File.WriteAllTextAsync(Path.Combine(app, "Functions", "YggdrasilTools.cs"), registration);
        // The app that is deployed first: its analyzers report what those of LocalHost do not.
        foreach (var project in CopiedProjects)
        {
            await TestProgram.RunAsync(
                _folder, "dotnet", "build", Path.Combine(app, project), "--configuration", Configuration, "--no-dependencies", "--nologo", "--verbosity", "quiet",
                "--disable-build-servers");
        }

        await using var host = await LocalHostProcess.StartAsync(
            Path.Combine(_folder, "data"), new Dictionary<string, string>(), assembly: LocalHostProcess.Assembly.Replace(Checkout.PathOf("src"), app, StringComparison.Ordinal));
        var answers = await ShellAsync(Assert.Single(Blocks(ToolSection, "sh")), host);

        Assert.Contains("""find_order answered: {\"number\":\"A-1042\",\"status\":\"shipped\"}""", answers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Api_reference_lists_every_operation_of_the_contract()
    {
        await using var host = await LocalHostProcess.StartAsync(Path.Combine(_folder, "data"), new Dictionary<string, string>());
        var contract = (await (await host.Http.GetAsync(new Uri("/openapi.json", UriKind.Relative))).ReadAsync()).GetProperty("paths");
        var operations = contract.EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Where(verb => verb.Name is "get" or "put" or "post" or "delete").Select(verb => $"{verb.Name.ToUpperInvariant()} {path.Name}"))
            .ToHashSet();

        var listed = ReferenceRow().Matches(await File.ReadAllTextAsync(Checkout.PathOf("docs", "api-reference.md")))
            .SelectMany(row => Route().Matches(row.Groups[1].Value))
            .SelectMany(route => Verb().Matches(route.Groups[1].Value).Select(verb => $"{verb.Value} {route.Groups[2].Value}")).ToList();

        Assert.Equal(operations.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    private static string Configuration => Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(LocalHostProcess.Assembly)!)!);

    private static List<string> Blocks(string section, string language) => DocumentBlocks.Of("README.md", section, language);

    /// <summary>The sources of the app and of LocalHost; Core, Azurite and the sample's settings are those of the checkout.</summary>
    private string CopyApp()
    {
        var target = Path.Combine(_folder, "src");
        foreach (var path in CopiedProjects.SelectMany(project => Directory.GetFiles(Checkout.PathOf("src", project), "*", SearchOption.AllDirectories)))
        {
            var relative = Path.GetRelativePath(Checkout.PathOf("src"), path);
            if (!relative.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(target, relative))!);
                File.Copy(path, Path.Combine(target, relative));
            }
        }

        foreach (var name in BuildFiles.Where(name => File.Exists(Checkout.PathOf(name))))
        {
            File.Copy(Checkout.PathOf(name), Path.Combine(_folder, name));
        }

        File.Copy(Checkout.PathOf("src", "Directory.Build.props"), Path.Combine(target, "Directory.Build.props"));
        foreach (var project in CopiedProjects.Select(name => Path.Combine(target, name, $"{name}.csproj")))
        {
            File.WriteAllText(
                project, File.ReadAllText(project).Replace("../Core/Core.csproj", Checkout.PathOf("src", "Core", "Core.csproj"), StringComparison.Ordinal));
        }

        return target;
    }

    private Task<string> ShellAsync(string commands, LocalHostProcess host) => TestProgram.RunAsync(
        _folder, "bash", "-c", host.Local(commands).Replace("curl ", "curl --fail-with-body ", StringComparison.Ordinal));

    [GeneratedRegex(@"^\| (`.+?) \|", RegexOptions.Multiline)]
    private static partial Regex ReferenceRow();

    [GeneratedRegex(@"((?:`?(?:GET|PUT|POST|DELETE)`? )+)`?(/[^`,]+)`")]
    private static partial Regex Route();

    [GeneratedRegex("[A-Z]+")]
    private static partial Regex Verb();
}
