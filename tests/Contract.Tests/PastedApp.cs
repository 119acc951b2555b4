using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>A copy of the app to which a reader adds the code of a document.</summary>
internal static class PastedApp
{
    private static readonly string[] CopiedProjects = ["Functions", "LocalHost"];
    private static readonly string[] BuildFiles =
        ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", ".editorconfig", "global.json"];

    /// <summary>Adds code to a copy of the app, builds it, and sends requests to its LocalHost.</summary>
    /// <param name="folder">An empty folder.</param>
    /// <param name="file">What the code is saved as, in <c>src/Functions</c>.</param>
    /// <param name="registration">The new text of <c>YggdrasilTools.cs</c>.</param>
    /// <param name="requests">The commands that come after it.</param>
    /// <returns>What the commands wrote.</returns>
    public static Task<string> RunAsync(string folder, string file, string code, string registration, string requests) =>
        RunAsync(folder, new Dictionary<string, string> { [file] = code, ["YggdrasilTools.cs"] = registration }, requests);

    /// <summary>Adds files to a copy of the app, builds it, and sends requests to its LocalHost.</summary>
    /// <param name="files">What is saved in <c>src/Functions</c>, by path.</param>
    public static async Task<string> RunAsync(string folder, IReadOnlyDictionary<string, string> files, string requests)
    {
        var app = Copy(folder);
        foreach (var (name, text) in files)
        {
            var path = Path.Combine(app, "Functions", name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, text);
        }

        // The app that is deployed first: its analyzers report what those of LocalHost do not.
        foreach (var project in CopiedProjects)
        {
            await TestProgram.RunAsync(
                folder, "dotnet", "build", Path.Combine(app, project), "--configuration", Configuration, "--no-dependencies", "--nologo", "--verbosity", "quiet",
                "--disable-build-servers");
        }

        await using var host = await LocalHostProcess.StartAsync(
            Path.Combine(folder, "data"), new Dictionary<string, string>(), assembly: LocalHostProcess.Assembly.Replace(Checkout.PathOf("src"), app, StringComparison.Ordinal));
        return await ShellAsync(folder, requests, host);
    }

    /// <summary>Sends a document's requests to a host.</summary>
    public static Task<string> ShellAsync(string folder, string commands, LocalHostProcess host) => TestProgram.RunAsync(
        folder, "bash", "-c", host.Local(commands).Replace("curl ", "curl --fail-with-body ", StringComparison.Ordinal));

    private static string Configuration => Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(LocalHostProcess.Assembly)!)!);

    /// <summary>The sources of the app and of LocalHost; Core, Azurite and the sample's settings are those of the checkout.</summary>
    private static string Copy(string folder)
    {
        var target = Path.Combine(folder, "src");
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
            File.Copy(Checkout.PathOf(name), Path.Combine(folder, name));
        }

        File.Copy(Checkout.PathOf("src", "Directory.Build.props"), Path.Combine(target, "Directory.Build.props"));
        foreach (var project in CopiedProjects.Select(name => Path.Combine(target, name, $"{name}.csproj")))
        {
            File.WriteAllText(project, File.ReadAllText(project)
                .Replace("../Core/Core.csproj", Checkout.PathOf("src", "Core", "Core.csproj"), StringComparison.Ordinal)
                .Replace("../../local.settings.sample.json", Checkout.PathOf("local.settings.sample.json"), StringComparison.Ordinal)
                .Replace("../../tools/", Checkout.PathOf("tools") + "/", StringComparison.Ordinal));
        }

        return target;
    }
}
