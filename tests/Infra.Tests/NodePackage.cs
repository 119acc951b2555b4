namespace Yggdrasil.Infra.Tests;

/// <summary>A pinned npm package under <c>tools/</c>, installed at first use.</summary>
internal sealed class NodePackage(string name)
{
    public string Folder { get; } = Repository.PathOf("tools", name);

    private string Stamp => Path.Combine(Folder, "node_modules", ".installed");

    /// <exception cref="InvalidOperationException">npm is missing or fails; the message is what it said.</exception>
    public async Task EnsureAsync()
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

    /// <summary>Runs a script of the folder.</summary>
    /// <exception cref="InvalidOperationException">It fails; the message is what it said.</exception>
    public async Task<string> RunAsync(string script, string input)
    {
        await EnsureAsync();
        var result = await Tool.RunAsync("node", [Path.Combine(Folder, script)], input);
        return result.ExitCode == 0 ? result.Output : throw new InvalidOperationException($"{script} failed: {result.Errors}");
    }
}
