using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>An app of a reader, who adds the code of a document: its own tools, and LocalHost as this build made it.</summary>
internal static class PastedApp
{
    private const string Name = "Orders";
    private static readonly string[] BuildFiles = ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", ".editorconfig", "global.json"];

    /// <summary>Builds an app of the code, and sends requests to its LocalHost.</summary>
    /// <param name="folder">An empty folder.</param>
    /// <param name="file">What the code is saved as, in <c>src/Orders</c>.</param>
    /// <param name="registration">The text of <c>OwnTools.cs</c>.</param>
    /// <param name="requests">The commands that come after it.</param>
    /// <returns>What the commands wrote.</returns>
    public static async Task<string> RunAsync(string folder, string file, string code, string registration, string requests)
    {
        foreach (var name in BuildFiles)
        {
            File.Copy(Checkout.PathOf(name), Path.Combine(folder, name));
        }

        await File.WriteAllTextAsync(Path.Combine(folder, file), code);
        await File.WriteAllTextAsync(Path.Combine(folder, "OwnTools.cs"), registration);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "Program.cs"),
            "return await Yggdrasil.LocalHost.LocalApp.RunAsync(args, services => Orders.OwnTools.AddOwnTools(services), typeof(Orders.OwnTools).Assembly);\n");
        await File.WriteAllTextAsync(Path.Combine(folder, $"{Name}.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <NoWarn>$(NoWarn);CA1822</NoWarn>
              </PropertyGroup>
              <ItemGroup>
                <ProjectReference Include="{Checkout.PathOf("src", "LocalHost", "LocalHost.csproj")}" />
              </ItemGroup>
            </Project>
            """);
        await TestProgram.RunAsync(
            folder, "dotnet", "build", "--configuration", Configuration, "--no-dependencies", "--nologo", "--verbosity", "quiet", "--disable-build-servers");

        var settings = new Dictionary<string, string> { ["LocalHost__AzuritePath"] = Checkout.PathOf("tools", "azurite") };
        await using var host = await LocalHostProcess.StartAsync(
            Path.Combine(folder, "data"), settings, assembly: Path.Combine(folder, "bin", Configuration, "net10.0", $"{Name}.dll"));
        return await ShellAsync(folder, requests, host);
    }

    /// <summary>Sends a document's requests to a host.</summary>
    public static Task<string> ShellAsync(string folder, string commands, LocalHostProcess host) => TestProgram.RunAsync(
        folder, "bash", "-c", host.Local(commands).Replace("curl ", "curl --fail-with-body ", StringComparison.Ordinal));

    private static string Configuration => Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(LocalHostProcess.Assembly)!)!);
}
