using System.Text.Json;

namespace Yggdrasil.Infra.Tests;

/// <summary>The parsers of <c>tools/checks</c>, pinned npm packages that are installed at first use.</summary>
internal static class NodeChecks
{
    private static readonly string Folder = Repository.PathOf("tools", "checks");
    private static readonly string Stamp = Path.Combine(Folder, "node_modules", ".installed");

    // Tests run side by side; npm in one folder does not.
    private static readonly Lazy<Task> Installed = new(InstallAsync);

    /// <summary>Runs a script of the folder: JSON in, JSON out.</summary>
    /// <exception cref="InvalidOperationException">It fails, or npm does; the message is what it said.</exception>
    public static async Task<T> RunAsync<T>(string script, object input)
    {
        await Installed.Value;
        var result = await Tool.RunAsync("node", [Path.Combine(Folder, script)], JsonSerializer.Serialize(input, JsonSerializerOptions.Web));
        return result.ExitCode == 0
            ? JsonSerializer.Deserialize<T>(result.Output, JsonSerializerOptions.Web)!
            : throw new InvalidOperationException($"{script} failed: {result.Errors}");
    }

    private static async Task InstallAsync()
    {
        var wanted = await File.ReadAllTextAsync(Path.Combine(Folder, "package-lock.json"));
        if (File.Exists(Stamp) && await File.ReadAllTextAsync(Stamp) == wanted)
        {
            return;
        }

        var result = await Tool.RunAsync(
            OperatingSystem.IsWindows() ? "npm.cmd" : "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder: Folder);
        if (result.ExitCode != 0)
        {
            throw new InvalidOperationException($"npm ci in {Folder} failed: {result.Errors}");
        }

        await File.WriteAllTextAsync(Stamp, wanted);
    }
}
