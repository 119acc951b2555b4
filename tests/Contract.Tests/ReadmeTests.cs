using System.Diagnostics;
using System.Text.RegularExpressions;
using Yggdrasil.Contract.Tests.OpenApi;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Does with README.md what its readers do: sends the first request in each language, and pastes the first tool.</summary>
public sealed partial class ReadmeTests : IAsyncLifetime
{
    private const string ClientSection = "Your first request";
    private const string ToolSection = "Your first tool";

    private static readonly string[] CopiedProjects = ["Functions", "LocalHost"];
    private static readonly string[] BuildFiles =
        ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", ".editorconfig", "global.json"];

    private readonly string _folder = Directory.CreateTempSubdirectory("yggdrasil-readme-").FullName;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => TestFolder.DeleteAsync(_folder);

    [Fact]
    public async Task First_request_is_answered_in_every_language()
    {
        await using var host = await LocalHostProcess.StartAsync(Path.Combine(_folder, "data"), new Dictionary<string, string>());

        var curl = await RunAsync("bash", "-c", Local(Block(ClientSection, "sh"), host));
        Assert.Contains("391", curl, StringComparison.Ordinal);
        Assert.Contains("\"completed\"", curl, StringComparison.Ordinal);
        var python = await WriteAsync("first.py", Local(Block(ClientSection, "python"), host));
        if (IsInstalled("python3"))
        {
            AssertAnswered(await RunAsync("python3", python));
        }

        AssertAnswered(await RunAsync("dotnet", "run", await WriteAsync("first.cs", Local(Block(ClientSection, "csharp"), host))));
        AssertAnswered(await RunTypeScriptAsync(Local(Block(ClientSection, "ts"), host)));
    }

    [Fact]
    public async Task First_tool_compiles_as_pasted_and_is_called_by_a_model()
    {
        var app = CopyApp();
        var (tool, registration) = (Blocks(ToolSection, "csharp")[0], Blocks(ToolSection, "csharp")[1]);
        await File.WriteAllTextAsync(Path.Combine(app, "Functions", "OrderTools.cs"), tool);
        await File.WriteAllTextAsync(Path.Combine(app, "Functions", "YggdrasilTools.cs"), registration);
        await RunAsync(
            "dotnet", "build", Path.Combine(app, "LocalHost"), "--configuration", Configuration, "--no-dependencies", "--nologo", "--verbosity", "quiet",
            "--disable-build-servers");

        await using var model = await ScriptedModelServer.StartAsync();
        model.Enqueue(ModelReply.ToolCalls(("find_order", """{"number":"A-1042"}""")), ModelReply.Text("It was shipped."));
        var settings = new Dictionary<string, string> { ["Providers__openai__ApiKey"] = "sk-test", ["Providers__openai__Endpoint"] = model.Endpoint };
        await using var host = await LocalHostProcess.StartAsync(
            Path.Combine(_folder, "data"), settings, token: "dev:local", assembly: LocalHostProcess.Assembly.Replace(Checkout.PathOf("src"), app, StringComparison.Ordinal));
        await RunAsync("bash", "-c", Local(Block(ToolSection, "sh"), host).Replace("curl ", "curl --fail-with-body ", StringComparison.Ordinal));
        using var response = await host.Http.PostRunAsync("orders", new { input = "Where is A-1042?" }, ("Prefer", "wait=30"));
        var run = await response.ReadAsync();

        Assert.Equal("It was shipped.", run.Text("output"));
        Assert.Contains("\"status\":\"shipped\"", Assert.Single(model.Requests[1].ToolResults), StringComparison.Ordinal);
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

    private static void AssertAnswered(string said)
    {
        Assert.StartsWith("completed ", said, StringComparison.Ordinal);
        Assert.Contains("391", said, StringComparison.Ordinal);
    }

    private static string Local(string text, LocalHostProcess host) =>
        text.Replace("http://localhost:7071", host.Http.BaseAddress!.ToString().TrimEnd('/'), StringComparison.Ordinal);

    private static string Block(string section, string language) => Assert.Single(Blocks(section, language));

    private static List<string> Blocks(string section, string language)
    {
        var text = File.ReadAllText(Checkout.PathOf("README.md")).Split("\n## ").Single(part => part.StartsWith($"{section}\n", StringComparison.Ordinal));
        return [.. CodeBlock().Matches(text).Where(block => block.Groups[1].Value == language).Select(block => block.Groups[2].Value)];
    }

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
        var project = Path.Combine(target, "LocalHost", "LocalHost.csproj");
        File.WriteAllText(
            project, File.ReadAllText(project).Replace("../Core/Core.csproj", Checkout.PathOf("src", "Core", "Core.csproj"), StringComparison.Ordinal));
        return target;
    }

    /// <summary>The test command asks for .NET and Node alone.</summary>
    private static bool IsInstalled(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, program)) || File.Exists(Path.Combine(folder, $"{program}.exe")));

    private async Task<string> WriteAsync(string name, string text)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "client")).FullName, name);
        await File.WriteAllTextAsync(path, text);
        return path;
    }

    /// <summary>Checked strictly, and run as the JavaScript that it becomes: Node 20 does not run TypeScript itself.</summary>
    private static async Task<string> RunTypeScriptAsync(string text)
    {
        var folder = ClientTools.CopyOf("typescript");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "run.ts"), text);
            await ClientTools.NodeAsync("node_modules/typescript/bin/tsc", "--project", folder);
            return await ClientTools.NodeAsync(Path.Combine(folder, "built", "run.js"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder };

        // The tests' own build has set these for itself.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} failed:\n{await output}\n{await errors}");
        return await output;
    }

    [GeneratedRegex("^```(\\w+)\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"^\| (`.+?) \|", RegexOptions.Multiline)]
    private static partial Regex ReferenceRow();

    [GeneratedRegex(@"((?:`?(?:GET|PUT|POST|DELETE)`? )+)`?(/[^`,]+)`")]
    private static partial Regex Route();

    [GeneratedRegex("[A-Z]+")]
    private static partial Regex Verb();
}
